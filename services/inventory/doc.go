// Package inventory: see service.go.
package inventory

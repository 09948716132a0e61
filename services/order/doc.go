// Package order: see service.go.
package order

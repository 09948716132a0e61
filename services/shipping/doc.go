// Package shipping: see service.go.
package shipping

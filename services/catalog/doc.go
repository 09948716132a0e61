// Package catalog: see service.go.
package catalog

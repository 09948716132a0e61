// Package payment: see service.go.
package payment

// Package client is the Go client of the HTTP API, generated from its contract.
//
// Place an order with an Idempotency-Key of your own and repeat the call with
// the same key until it is answered: it never makes a second order.
package client

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 -config oapi-client.yaml ../contract/openapi.yaml

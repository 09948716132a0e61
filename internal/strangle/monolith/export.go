package monolith

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
)

// Damaged is the code of a page whose content is not the one that its checksum is of.
const Damaged fault.Code = "DAMAGED"

// Product is a product of the monolith.
type Product struct {
	SKU         string       `json:"sku"`
	Name        string       `json:"name"`
	Description string       `json:"description"`
	Category    string       `json:"category"`
	Price       money.Amount `json:"price"`
	Active      bool         `json:"active"`
}

// Stock is the monolith's stock of a SKU in a warehouse.
type Stock struct {
	SKU       string `json:"sku"`
	Warehouse string `json:"warehouse"`
	Available int64  `json:"available"`
	Version   int64  `json:"version"` // grows with every change
}

// User is an account of the monolith. Digest is the hexadecimal SHA-256 of Salt and password.
type User struct {
	ID        string    `json:"id"`
	Email     string    `json:"email"`
	Name      string    `json:"name"`
	Locale    string    `json:"locale"`
	Salt      string    `json:"salt"`
	Digest    string    `json:"digest"`
	CreatedAt time.Time `json:"created_at"`
}

// Line is a line of an order.
type Line struct {
	SKU       string       `json:"sku"`
	Quantity  int64        `json:"quantity"`
	UnitPrice money.Amount `json:"unit_price"`
}

// Placed is an order that the monolith has placed.
type Placed struct {
	ID         string          `json:"id"`
	CustomerID string          `json:"customer_id"`
	Status     string          `json:"status"`
	Reason     string          `json:"reason"`
	Currency   money.Currency  `json:"currency"`
	Total      money.Amount    `json:"total"`
	Refunded   money.Amount    `json:"refunded"` // absent if nothing was paid back
	Lines      []Line          `json:"lines"`
	ShipTo     json.RawMessage `json:"ship_to"`
	CreatedAt  time.Time       `json:"created_at"`
	UpdatedAt  time.Time       `json:"updated_at"`
}

// Order is an order that was placed here, as it is written back.
type Order struct {
	CustomerID string         `json:"customer_id"`
	Status     string         `json:"status"`
	Reason     string         `json:"reason"`
	Currency   money.Currency `json:"currency"`
	Total      int64          `json:"total"`
	Refunded   int64          `json:"refunded"`
	Lines      []Line         `json:"lines"`
	ShipTo     any            `json:"ship_to"`
	Version    int64          `json:"version"`
	CreatedAt  time.Time      `json:"created_at"`
}

// Kinds of items of the export.
const (
	Products = "products"
	Stocks   = "stock"
	Users    = "users"
	Orders   = "orders"
)

// Each calls f with every page of a kind, by key. A page whose checksum does not fit its
// content fails with [Damaged]. The error of f ends it.
func Each[T any](ctx context.Context, c *Client, kind string, f func([]T) error) error {
	for after := ""; ; {
		var page struct {
			Items  json.RawMessage `json:"items"`
			Next   string          `json:"next"`
			SHA256 string          `json:"sha256"`
		}
		if err := c.call(ctx, http.MethodGet, "/back/export/"+kind+"?after="+url.QueryEscape(after), nil, &page); err != nil {
			return err
		}
		if sum := sha256.Sum256(page.Items); hex.EncodeToString(sum[:]) != page.SHA256 {
			return fault.Errorf(fault.Transient, Damaged, "a page of %s behind %q is not what its checksum says", kind, after)
		}
		var items []T
		if err := json.Unmarshal(page.Items, &items); err != nil {
			return fault.Wrap(err, fault.Bug, fault.Invalid, "a page of the export cannot be read")
		}
		if err := f(items); err != nil {
			return err
		}
		if page.Next == "" {
			return nil
		}
		after = page.Next
	}
}

// Package cookie keeps the belongings of a visitor without an account: a cart, the claims of
// a guest's orders, a language. All of it is in the browser; the shop has no state.
package cookie

import (
	"crypto/rand"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Limits of a cart, so that its cookie is stored by every browser, and one page of it can be
// asked for at once.
const (
	MaxLines    = 20
	MaxQuantity = 10_000
	maxCart     = 3500 // bytes
)

// Line is a product in a cart.
type Line struct {
	SKU      string
	Quantity int64
}

// Cart is a list of products to order, each once.
type Cart struct {
	// Key is the idempotency key of the order that the cart will be. It stays the same in all
	// tabs and after a reload until the order is placed, so that no cart becomes two orders.
	Key   string
	Lines []Line
}

// ParseCart reads a cart; any text is one, without the parts that make no sense.
func ParseCart(text string) Cart {
	parts := strings.Split(text, "!")
	c := Cart{Key: parts[0]}
	for _, part := range parts[1:] {
		escaped, count, _ := strings.Cut(part, "*")
		sku, err := url.QueryUnescape(escaped)
		quantity, wrong := strconv.ParseInt(count, 10, 64)
		if err == nil && wrong == nil {
			c.Set(sku, quantity)
		}
	}
	if !ValidKey(c.Key) {
		c.Key = NewKey()
	}
	return c
}

// NewKey returns a key that no other cart has: 128 bits and more, which a guest's needs.
func NewKey() string { return rand.Text() }

// ValidKey reports whether a text can be the key of a cart.
func ValidKey(key string) bool {
	return len(key) == len(rand.Text()) && strings.Trim(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}

// String returns the text that [ParseCart] reads.
func (c Cart) String() string {
	parts := []string{c.Key}
	for _, l := range c.Lines {
		parts = append(parts, url.QueryEscape(l.SKU)+"*"+strconv.FormatInt(l.Quantity, 10))
	}
	return strings.Join(parts, "!")
}

// Quantity returns how many units of a product are in the cart.
func (c *Cart) Quantity(sku string) int64 {
	if i := c.index(sku); i >= 0 {
		return c.Lines[i].Quantity
	}
	return 0
}

func (c *Cart) index(sku string) int {
	return slices.IndexFunc(c.Lines, func(l Line) bool { return l.SKU == sku })
}

// Set puts units of a product into the cart in place of those that are there; 0 or less take
// it out. It reports false, and changes nothing, if the cart has no room.
func (c *Cart) Set(sku string, quantity int64) bool {
	i := c.index(sku)
	switch {
	case sku == "" || quantity > MaxQuantity:
		return false
	case quantity <= 0:
		c.Lines = slices.DeleteFunc(c.Lines, func(l Line) bool { return l.SKU == sku })
	case i >= 0:
		c.Lines[i].Quantity = quantity
	case len(c.Lines) >= MaxLines || len(c.String())+3*len(sku) > maxCart:
		return false
	default:
		c.Lines = append(c.Lines, Line{sku, quantity})
	}
	return true
}

// Units returns how many units are in the cart.
func (c Cart) Units() (n int64) {
	for _, l := range c.Lines {
		n += l.Quantity
	}
	return n
}

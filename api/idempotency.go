package api

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/amends/amends/workflows"
)

const (
	headerIdempotencyKey = "Idempotency-Key"
	maxIdempotencyKey    = 255
)

// idempotencyKey returns the one key in h, without its quotes.
func idempotencyKey(h http.Header) (string, error) {
	values := h.Values(headerIdempotencyKey)
	if len(values) == 0 {
		return "", refuse(codeKeyMissing, "")
	}
	key, ok := parseIdempotencyKey(values[0])
	if !ok || len(values) > 1 {
		return "", refuse(codeKeyInvalid, "")
	}
	return key, nil
}

// parseIdempotencyKey reads a key that is bare, or a quoted string as of RFC
// 8941, in which \" and \\ are escapes. Quoted and bare are the same key.
func parseIdempotencyKey(s string) (string, bool) {
	if strings.HasPrefix(s, `"`) {
		var ok bool
		if s, ok = unquote(s); !ok {
			return "", false
		}
	}
	if s == "" || len(s) > maxIdempotencyKey {
		return "", false
	}
	for i := range len(s) {
		if s[i] < '!' || s[i] > '~' {
			return "", false
		}
	}
	return s, true
}

// unquote returns what the quoted string s stands for.
func unquote(s string) (string, bool) {
	if len(s) < 2 || s[0] != '"' {
		return "", false
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), i == len(s)-1
		case '\\':
			i++
			if i == len(s) || (s[i] != '"' && s[i] != '\\') {
				return "", false
			}
		}
		b.WriteByte(s[i])
	}
	return "", false
}

// digest is the SHA-256 of parts, each with its length before it, so that no two
// lists of parts have the same digest because their borders moved.
func digest(parts ...string) [sha256.Size]byte {
	h := sha256.New()
	for _, p := range parts {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(p)))
		h.Write(length[:])
		h.Write([]byte(p))
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// orderID derives an order's id, a UUIDv8, from who placed it and under which
// key. This never changes: it is what makes a repeat find its order.
func orderID(customer, key string) string {
	sum := digest("amends.order.v1", customer, key)
	id := uuid.UUID(sum[:16])
	id[6] = id[6]&0x0f | 0x80 // version 8
	id[8] = id[8]&0x3f | 0x80 // the RFC's variant
	return id.String()
}

// fingerprint is the hash of what a placement means: neither the order nor the
// spelling of the body's keys, nor times. An absent second address line is an
// empty one.
func fingerprint(p workflows.Placement) string {
	parts := []string{"amends.placement.v1", p.CustomerID, string(p.Currency), strconv.Itoa(len(p.Lines))}
	for _, l := range p.Lines {
		parts = append(parts, l.SKU, strconv.FormatInt(l.Quantity, 10))
	}
	a := p.ShipTo
	parts = append(parts, a.Name, a.Line1, a.Line2, a.City, a.PostalCode, a.Country, p.PaymentToken)
	sum := digest(parts...)
	return hex.EncodeToString(sum[:])
}

// opaqueCustomer stands for a customer where personal data must not be.
func opaqueCustomer(customer string) string {
	sum := digest("amends.customer.v1", customer)
	return hex.EncodeToString(sum[:16])
}

// nonce is of one call.
func nonce() string { return rand.Text() }

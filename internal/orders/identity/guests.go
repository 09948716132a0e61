package identity

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"

	"github.com/google/uuid"
)

const (
	// MinGuestKey is the least length of a guest's key: 22 characters can hold 128 bits.
	MinGuestKey = 22
	// MinGuestSecret is the least length of the secret of [NewGuests].
	MinGuestSecret = 24
)

// guests is the version of the UUIDs of guests' orders. [Order] makes others, so that an
// order's id says which kind of customer it has.
const guests = 4

// Guests derives the identities of orders whose customers have no account. Nil is a
// server without guests.
type Guests struct{ secret []byte }

// NewGuests returns the guests of all servers that have the secret.
func NewGuests(secret string) *Guests { return &Guests{[]byte(secret)} }

// Order derives a guest's order's id, a UUIDv4, from the customer that the guest names and
// the key of the placement. Without the secret it cannot be computed, and without the
// key, which is at least [MinGuestKey] long, it cannot be taken by another guest first.
func (g *Guests) Order(customer, key string) string {
	id := uuid.UUID(g.sum("amends.guest.order.v1", customer, key)[:16])
	id[6] = id[6]&0x0f | guests<<4
	id[8] = id[8]&0x3f | 0x80 // the RFC's variant
	return id.String()
}

// Claim derives the proof that an order is its sender's. Only the placement of a guest
// answers it.
func (g *Guests) Claim(id string) string {
	return base64.RawURLEncoding.EncodeToString(g.sum("amends.guest.claim.v1", id))
}

// Holds reports whether claim proves that the order is its sender's. It takes as long for
// a wrong claim as for a right one.
func (g *Guests) Holds(id, claim string) bool {
	return g != nil && hmac.Equal([]byte(claim), []byte(g.Claim(id)))
}

// Contact derives the seal of a contact, which stands for it in the fingerprint of a placement.
// Histories have the fingerprint, and without the secret no guess of a contact can be
// compared with it.
func (g *Guests) Contact(email, phone, locale string) string {
	return base64.RawURLEncoding.EncodeToString(g.sum("amends.guest.contact.v1", email, phone, locale))
}

func (g *Guests) sum(parts ...string) []byte {
	meaning := digest(parts...)
	h := hmac.New(sha256.New, g.secret)
	h.Write(meaning[:])
	return h.Sum(nil)
}

// OfGuest reports whether an order is a guest's. Its customer is the one that the guest
// named, which proves nothing.
func OfGuest(id string) bool {
	parsed, err := uuid.Parse(id)
	return err == nil && parsed.Version() == guests
}

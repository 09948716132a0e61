// Package identity derives the identifiers of orders and of requests about them from
// their contents, so that a repeated request finds the effect of the first one. No
// derivation ever changes: stored identifiers depend on it.
package identity

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"

	"github.com/google/uuid"

	"github.com/amends/amends/saga"
	"github.com/amends/amends/workflows"
)

// digest is the SHA-256 of parts, each preceded by its length, so that two lists
// whose parts only have other borders have different digests.
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

// Order derives the id, a UUIDv8, of an order of an account from the account and the key
// of the placement. The derivation never changes: by it a repeat finds its order.
func Order(account, key string) string { return derive("amends.account.order.v1", account, key) }

// Earlier derives the id that an order has if version 0.1.0 placed it, which knew no
// accounts: its customer is the one that the client named.
func Earlier(customer, key string) string { return derive("amends.order.v1", customer, key) }

func derive(parts ...string) string {
	sum := digest(parts...)
	id := uuid.UUID(sum[:16])
	id[6] = id[6]&0x0f | 0x80 // version 8
	id[8] = id[8]&0x3f | 0x80 // the RFC's variant
	return id.String()
}

// Refund derives the id, a UUIDv8, of a refund from its order and the key of the request,
// and its number, which has 52 bits: two refunds of one order never have the same one, and
// every reader of JSON can read it.
func Refund(order, key string) (id string, number int) {
	sum := digest("amends.refund.number.v1", order, key)
	return derive("amends.refund.v1", order, key), 1 + int(binary.BigEndian.Uint64(sum[:8])>>12)
}

// Fingerprint hashes the meaning of a placement: neither the spelling nor the order
// of a body's keys, nor times. An absent second address line is an empty one. contact is
// the seal of a guest's contact, see [Guests.Contact], "" without one.
func Fingerprint(p workflows.Placement, contact string) string {
	parts := []string{"amends.placement.v1", p.CustomerID, string(p.Currency), strconv.Itoa(len(p.Lines))}
	for _, l := range p.Lines {
		parts = append(parts, l.SKU, strconv.FormatInt(l.Quantity, 10))
	}
	a := p.ShipTo
	parts = append(parts, a.Name, a.Line1, a.Line2, a.City, a.PostalCode, a.Country, p.PaymentToken)
	if a.Region != "" { // a request without one keeps the fingerprint that it had before there were any
		parts = append(parts, a.Region)
	}
	if contact != "" { // likewise
		parts = append(parts, "contact", contact)
	}
	sum := digest(parts...)
	return hex.EncodeToString(sum[:])
}

// Customer returns the pseudonym of a customer id, a hash, for places where personal
// data must not be.
func Customer(customer string) string {
	sum := digest("amends.customer.v1", customer)
	return hex.EncodeToString(sum[:16])
}

// Repair returns the id of a repair request: the same for the same request and key;
// random without a key, so that such a request has no repeats.
func Repair(req saga.RepairRequest, key string) string {
	if key == "" {
		key = Nonce()
	}
	sum := digest("amends.repair.v1", req.Operator, req.Step, string(req.Action), req.Reason, req.Reference, key)
	return "repair-" + hex.EncodeToString(sum[:16])
}

// Nonce returns a random id for one call.
func Nonce() string { return rand.Text() }

package orders

import (
	"context"
	"fmt"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/edge/caller"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/orders/identity"
	"github.com/amends/amends/internal/orders/lookup"
	"github.com/amends/amends/internal/orders/place"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/services/order"
)

// scopeSupport is that of callers who may read every order.
const scopeSupport = "support"

// Finder finds orders; see [lookup.Finder].
type Finder interface {
	FindSince(ctx context.Context, id string, s lookup.Since, shown func(read.Snapshot) bool) (order read.Snapshot, stale bool, err error)
}

// Access finds orders for those who may see them. To all others it says NOT_FOUND, as of
// an order that does not exist.
type Access struct {
	orders  Finder
	guests  *identity.Guests
	earlier bool
}

// NewAccess returns access to the orders of o; guests is nil if the server has none. With
// earlier, version 0.1.0 may have placed guests' orders.
func NewAccess(o Finder, guests *identity.Guests, earlier bool) *Access {
	return &Access{o, guests, earlier}
}

// Find returns an order for its owner, or for support.
func (a *Access) Find(ctx context.Context, id string) (read.Snapshot, error) {
	order, _, err := a.FindSince(ctx, id, lookup.Since{})
	return order, err
}

// FindSince returns an order that is not older than a version, or is stale, for its owner, or
// for support.
func (a *Access) FindSince(ctx context.Context, id string, s lookup.Since) (order read.Snapshot, stale bool, err error) {
	return a.find(ctx, id, s, true)
}

// Own returns an order for its owner alone.
func (a *Access) Own(ctx context.Context, id string) (read.Snapshot, error) {
	order, _, err := a.find(ctx, id, lookup.Since{}, false)
	return order, err
}

// own returns nil for the owner of an order.
func (a *Access) own(ctx context.Context, id string) error {
	if a.claimed(ctx, id) {
		return nil // the claim says it, without the order
	}
	_, err := a.Own(ctx, id)
	return err
}

// claimed reports whether the caller is the guest whose order it is.
func (a *Access) claimed(ctx context.Context, id string) bool {
	return a.guests.Holds(id, caller.From(ctx).Claim)
}

func (a *Access) find(ctx context.Context, id string, s lookup.Since, support bool) (order read.Snapshot, stale bool, err error) {
	who, claimed := caller.From(ctx), a.claimed(ctx, id)
	if !claimed && who.Account == "" {
		return read.Snapshot{}, false, notYours() // without a question, whose time would tell that there is such an order
	}
	shown := func(o read.Snapshot) bool {
		return claimed || support && who.Has(scopeSupport) || owns(who, id, o)
	}
	order, stale, err = a.orders.FindSince(ctx, id, s, shown)
	switch {
	case err != nil:
		return read.Snapshot{}, false, fmt.Errorf("find the caller's order: %w", err)
	case !shown(order):
		return read.Snapshot{}, false, notYours()
	}
	return order, stale, nil
}

// owns reports whether an order is that of an account.
func owns(who caller.Caller, id string, order read.Snapshot) bool {
	return !identity.OfGuest(id) && order.Of(who.Account)
}

// Owns reports whether an order that was found is the caller's own.
func (a *Access) Owns(ctx context.Context, order read.Snapshot) bool {
	return a.claimed(ctx, order.ID) || owns(caller.From(ctx), order.ID, order)
}

func notYours() error { return problem.New(fault.NotFound, "") }

// claim returns the claim of a guest's order, nil for an account or if there is no order.
func (a *Access) claim(ctx context.Context, id string) *string {
	if id == "" || caller.From(ctx).Account != "" {
		return nil
	}
	return new(a.guests.Claim(id))
}

// contact returns the contact of a guest's placement, none of an account's.
func (a *Access) contact(given *contract.Contact) place.Contact {
	if given == nil || a.guests == nil {
		return place.Contact{}
	}
	c := order.Contact{Email: orEmpty(given.Email), Phone: orEmpty(given.Phone), Locale: orEmpty(given.Locale)}
	return place.Contact{Contact: c, Seal: a.guests.Contact(c.Email, c.Phone, c.Locale)}
}

// placing is an order's customer, its id and, if an earlier version may have placed it,
// the id that it then has.
type placing struct{ customer, id, earlier string }

// place returns the identity of the order that the caller wants to place under a key.
func (a *Access) place(ctx context.Context, customer, key string) (placing, error) {
	account := caller.From(ctx).Account
	switch {
	case account == "" && a.guests == nil: // the edge lets no such caller in
		return placing{}, notYours()
	case account == "" && len(key) < identity.MinGuestKey:
		return placing{}, problem.New(problem.KeyInvalid, weakKey)
	case account == "":
		as := placing{customer: customer, id: a.guests.Order(customer, key)}
		if a.earlier {
			as.earlier = identity.Earlier(customer, key)
		}
		return as, nil
	case customer != "" && customer != account:
		return placing{}, problem.New(problem.CustomerForeign, "")
	default:
		return placing{customer: account, id: identity.Order(account, key)}, nil
	}
}

var weakKey = fmt.Sprintf("Without a token, the key needs at least %d characters that cannot be guessed, such as those of a fresh UUID.", identity.MinGuestKey)

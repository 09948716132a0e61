package rpc

import (
	"context"

	"github.com/amends/amends/internal/rpc/wire"
	"github.com/amends/amends/services/user"
	pb "github.com/amends/amends/services/user/rpc/userpb"
)

// account returns the account of an answer.
func account(out interface{ GetAccount() *pb.Account }, err error) (user.Account, error) {
	if err != nil {
		return user.Account{}, err
	}
	return fromAccount(out.GetAccount())
}

// Account implements [user.Service].
func (c *Client) Account(ctx context.Context, id string) (user.Account, error) {
	return account(c.remote.GetAccount(ctx, &pb.GetAccountRequest{Account: id}))
}

// Change implements [user.Service].
func (c *Client) Change(ctx context.Context, id string, change user.Change) (user.Account, error) {
	in := &pb.ChangeProfileRequest{Account: id, Name: change.Name, Locale: change.Locale}
	if change.Preferences != nil {
		if err := change.Validate(); err != nil {
			return user.Account{}, err // not all values have a number
		}
		all, err := toPreferences(*change.Preferences)
		if err != nil {
			return user.Account{}, err
		}
		in.Preferences = &pb.Preferences{All: all}
	}
	return account(c.remote.ChangeProfile(ctx, in))
}

// Sessions implements [user.Service].
func (c *Client) Sessions(ctx context.Context, id string) ([]user.Session, error) {
	out, err := c.remote.ListSessions(ctx, &pb.ListSessionsRequest{Account: id})
	if err != nil {
		return nil, err
	}
	return wire.Each(out.GetSessions(), sure(fromSession))
}

// LogOut implements [user.Service].
func (c *Client) LogOut(ctx context.Context, id, session string) error {
	_, err := c.remote.LogOut(ctx, &pb.LogOutRequest{Account: id, Session: session})
	return err
}

// ChangePassword implements [user.Service].
func (c *Client) ChangePassword(ctx context.Context, p user.PasswordChange) error {
	_, err := c.remote.ChangePassword(ctx, &pb.ChangePasswordRequest{Account: p.Account, Session: p.Session, Old: p.Old, New: p.New})
	return err
}

// ChangeEmail implements [user.Service].
func (c *Client) ChangeEmail(ctx context.Context, e user.EmailChange) error {
	_, err := c.remote.ChangeEmail(ctx, &pb.ChangeEmailRequest{Account: e.Account, Session: e.Session, Password: e.Password, Email: e.Email})
	return err
}

// Deliveries implements [user.Service].
func (c *Client) Deliveries(ctx context.Context, id string) ([]user.Delivery, error) {
	out, err := c.remote.ListDeliveries(ctx, &pb.ListDeliveriesRequest{Account: id})
	if err != nil {
		return nil, err
	}
	return wire.Each(out.GetDeliveries(), sure(fromDelivery))
}

// PutDelivery implements [user.Service].
func (c *Client) PutDelivery(ctx context.Context, id string, d user.Delivery) (user.Delivery, error) {
	out, err := c.remote.PutDelivery(ctx, &pb.PutDeliveryRequest{Account: id, Delivery: toDelivery(d)})
	return fromDelivery(out.GetDelivery()), err
}

// RemoveDelivery implements [user.Service].
func (c *Client) RemoveDelivery(ctx context.Context, id, delivery string) error {
	_, err := c.remote.RemoveDelivery(ctx, &pb.RemoveDeliveryRequest{Account: id, Id: delivery})
	return err
}

// Keys implements [user.Service].
func (c *Client) Keys(ctx context.Context, id string) ([]user.APIKey, error) {
	out, err := c.remote.ListKeys(ctx, &pb.ListKeysRequest{Account: id})
	if err != nil {
		return nil, err
	}
	return wire.Each(out.GetKeys(), sure(fromKey))
}

// CreateKey implements [user.Service].
func (c *Client) CreateKey(ctx context.Context, k user.NewKey) (user.APIKey, string, error) {
	out, err := c.remote.CreateKey(ctx, &pb.CreateKeyRequest{
		Account: k.Account, Name: k.Name, Scopes: k.Scopes, ExpiresAt: wire.Time(k.Expires), By: k.By,
	})
	return fromKey(out.GetKey()), out.GetSecret(), err
}

// RevokeKey implements [user.Service].
func (c *Client) RevokeKey(ctx context.Context, id, key, by string) error {
	_, err := c.remote.RevokeKey(ctx, &pb.RevokeKeyRequest{Account: id, Id: key, By: by})
	return err
}

// Erase implements [user.Service].
func (c *Client) Erase(ctx context.Context, id, session, password string) error {
	_, err := c.remote.Erase(ctx, &pb.EraseRequest{Account: id, Session: session, Password: password})
	return err
}

// Create implements [user.Service].
func (c *Client) Create(ctx context.Context, r user.Registration, role user.Role, by string) (user.Account, error) {
	n, err := number(role)
	if err != nil {
		return user.Account{}, err
	}
	return account(c.remote.Create(ctx, &pb.CreateRequest{
		Email: r.Email, Password: r.Password, Name: r.Name, Locale: r.Locale, Role: n, By: by,
	}))
}

// number returns that of a role, or refuses it with INVALID.
func number(role user.Role) (pb.Role, error) {
	if _, err := user.ParseRole(string(role)); err != nil {
		return 0, err
	}
	return roles.Number(role)
}

// Find implements [user.Service].
func (c *Client) Find(ctx context.Context, email string) (user.Account, error) {
	return account(c.remote.FindAccount(ctx, &pb.FindAccountRequest{Email: email}))
}

// SetRole implements [user.Service].
func (c *Client) SetRole(ctx context.Context, d user.Decision, role user.Role) (user.Account, error) {
	n, err := number(role)
	if err != nil {
		return user.Account{}, err
	}
	return account(c.remote.SetRole(ctx, &pb.SetRoleRequest{Decision: toDecision(d), Role: n}))
}

// Lock implements [user.Service].
func (c *Client) Lock(ctx context.Context, d user.Decision) (user.Account, error) {
	return account(c.remote.Lock(ctx, &pb.LockRequest{Decision: toDecision(d)}))
}

// EraseAccount implements [user.Service].
func (c *Client) EraseAccount(ctx context.Context, d user.Decision) error {
	_, err := c.remote.EraseAccount(ctx, &pb.EraseAccountRequest{Decision: toDecision(d)})
	return err
}

// Unlock implements [user.Service].
func (c *Client) Unlock(ctx context.Context, d user.Decision) (user.Account, error) {
	return account(c.remote.Unlock(ctx, &pb.UnlockRequest{Decision: toDecision(d)}))
}

// Records implements [user.Service].
func (c *Client) Records(ctx context.Context, id, before string, limit int) ([]user.Record, error) {
	n, err := count(limit)
	if err != nil {
		return nil, err
	}
	out, err := c.remote.ListRecords(ctx, &pb.ListRecordsRequest{Account: id, Before: before, Limit: n})
	if err != nil {
		return nil, err
	}
	return wire.Each(out.GetRecords(), fromRecord)
}

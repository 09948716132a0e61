package rpc

import (
	"context"

	"google.golang.org/grpc"

	"github.com/amends/amends/internal/identity/token"
	"github.com/amends/amends/internal/rpc/wire"
	"github.com/amends/amends/services/user"
	pb "github.com/amends/amends/services/user/rpc/userpb"
)

// Client calls the service over a connection. Every call needs a deadline.
type Client struct{ remote pb.UserClient }

var _ user.Service = (*Client)(nil)

// NewClient returns a client on conn.
func NewClient(conn grpc.ClientConnInterface) *Client { return &Client{pb.NewUserClient(conn)} }

// SigningKeys implements [user.Service].
func (c *Client) SigningKeys(ctx context.Context) (token.Keys, error) {
	out, err := c.remote.ListSigningKeys(ctx, &pb.ListSigningKeysRequest{})
	keys := token.Keys{}
	for _, k := range out.GetKeys() {
		keys = append(keys, token.PublicKey{ID: k.GetId(), Key: k.GetPublic()})
	}
	return keys, err
}

// Revocations implements [user.Service].
func (c *Client) Revocations(ctx context.Context, after int64) (token.Revocations, error) {
	out, err := c.remote.ListRevocations(ctx, &pb.ListRevocationsRequest{After: after})
	return fromRevocations(out), err
}

// CheckSession implements [user.Service].
func (c *Client) CheckSession(ctx context.Context, id string) error {
	_, err := c.remote.CheckSession(ctx, &pb.CheckSessionRequest{Session: id})
	return err
}

// CheckKey implements [user.Service].
func (c *Client) CheckKey(ctx context.Context, key string) (token.Identity, error) {
	out, err := c.remote.CheckKey(ctx, &pb.CheckKeyRequest{Key: key})
	return token.Identity{
		Account: out.GetAccount(), Key: out.GetKey(), Scopes: out.GetScopes(), Expires: wire.FromTime(out.GetExpiresAt()),
	}, err
}

// Register implements [user.Service].
func (c *Client) Register(ctx context.Context, r user.Registration) error {
	_, err := c.remote.Register(ctx, &pb.RegisterRequest{Email: r.Email, Name: r.Name, Locale: r.Locale})
	return err
}

// Confirm implements [user.Service].
func (c *Client) Confirm(ctx context.Context, mailToken, password string) (user.Confirmation, error) {
	out, err := c.remote.Confirm(ctx, &pb.ConfirmRequest{Token: mailToken, Password: password})
	if err != nil {
		return user.Confirmation{}, err
	}
	template, err := templates.Value(out.GetTemplate())
	return user.Confirmation{Account: out.GetAccount(), Template: template}, err
}

// LogIn implements [user.Service].
func (c *Client) LogIn(ctx context.Context, l user.Login) (user.Tokens, error) {
	out, err := c.remote.LogIn(ctx, &pb.LogInRequest{Email: l.Email, Password: l.Password, Device: l.Device})
	return fromTokens(out.GetTokens()), err
}

// Refresh implements [user.Service].
func (c *Client) Refresh(ctx context.Context, refreshToken string) (user.Tokens, error) {
	out, err := c.remote.Refresh(ctx, &pb.RefreshRequest{Token: refreshToken})
	return fromTokens(out.GetTokens()), err
}

// AskReset implements [user.Service].
func (c *Client) AskReset(ctx context.Context, email string) error {
	_, err := c.remote.AskReset(ctx, &pb.AskResetRequest{Email: email})
	return err
}

// Reset implements [user.Service].
func (c *Client) Reset(ctx context.Context, mailToken, password string) error {
	_, err := c.remote.Reset(ctx, &pb.ResetRequest{Token: mailToken, Password: password})
	return err
}

// Mail implements [user.Service].
func (c *Client) Mail(ctx context.Context, id string) (user.Mail, error) {
	out, err := c.remote.GetMail(ctx, &pb.GetMailRequest{Id: id})
	if err != nil {
		return user.Mail{}, err
	}
	return fromMail(out.GetMail())
}

// Mails implements [user.Service].
func (c *Client) Mails(ctx context.Context, limit int) ([]user.Mail, error) {
	n, err := count(limit)
	if err != nil {
		return nil, err
	}
	out, err := c.remote.ListMails(ctx, &pb.ListMailsRequest{Limit: n})
	if err != nil {
		return nil, err
	}
	return wire.Each(out.GetMails(), fromMail)
}

package users

import (
	"context"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/edge/session"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/user"
)

// defaultLocale is that of an account which states none.
const defaultLocale = "en"

// RegisterAccount sends a mail to an address that may become an account.
func (h *Handlers) RegisterAccount(ctx context.Context, r contract.RegisterAccountRequestObject) (contract.RegisterAccountResponseObject, error) {
	wanted := user.Registration{Email: r.Body.Email, Name: r.Body.Name, Locale: defaultLocale}
	if r.Body.Locale != nil {
		wanted.Locale = *r.Body.Locale
	}
	if err := h.service.Register(ctx, wanted); err != nil {
		return nil, answered(err)
	}
	return contract.RegisterAccount202Response{}, nil
}

// ConfirmMail carries out the purpose of a mail's token.
func (h *Handlers) ConfirmMail(ctx context.Context, r contract.ConfirmMailRequestObject) (contract.ConfirmMailResponseObject, error) {
	password := ""
	if r.Body.Password != nil {
		password = *r.Body.Password
	}
	done, err := h.service.Confirm(ctx, r.Body.Token, password)
	if err != nil {
		return nil, chosen(err, "/password")
	}
	out := contract.ConfirmMail200JSONResponse{Account: done.Account, Confirmed: "address"}
	if done.Template == user.ConfirmRegistration {
		out.Confirmed = "registration"
	}
	return out, nil
}

// LogIn opens a session.
func (h *Handlers) LogIn(ctx context.Context, r contract.LogInRequestObject) (contract.LogInResponseObject, error) {
	attempt := user.Login{Email: r.Body.Email, Password: r.Body.Password}
	if r.Body.Device != nil {
		attempt.Device = *r.Body.Device
	}
	t, err := h.service.LogIn(ctx, attempt)
	if err != nil {
		return nil, answered(err)
	}
	if r.Body.Cookies {
		return contract.LogIn201JSONResponse(hidden(t, session.Of(ctx).Open(cookies(t)))), nil
	}
	return contract.LogIn201JSONResponse(shown(t)), nil
}

// RefreshSession exchanges the refresh token of the body, or that of the cookie.
func (h *Handlers) RefreshSession(ctx context.Context, r contract.RefreshSessionRequestObject) (contract.RefreshSessionResponseObject, error) {
	if r.Body != nil {
		t, err := h.service.Refresh(ctx, r.Body.RefreshToken)
		if err != nil {
			return nil, answered(err)
		}
		return contract.RefreshSession200JSONResponse(shown(t)), nil
	}
	jar := session.Of(ctx)
	refresh, err := jar.Refresh()
	if err != nil {
		return nil, err
	}
	t, err := h.service.Refresh(ctx, refresh)
	if err != nil {
		if fault.CodeOf(err) == user.SessionEnded {
			jar.Forget()
		}
		return nil, answered(err)
	}
	return contract.RefreshSession200JSONResponse(hidden(t, jar.Renew(cookies(t)))), nil
}

// AskPasswordReset sends a mail to an address that may have an account.
func (h *Handlers) AskPasswordReset(ctx context.Context, r contract.AskPasswordResetRequestObject) (contract.AskPasswordResetResponseObject, error) {
	if err := h.service.AskReset(ctx, r.Body.Email); err != nil {
		return nil, answered(err)
	}
	return contract.AskPasswordReset202Response{}, nil
}

// ResetPassword sets the password of the account that has got a token by mail.
func (h *Handlers) ResetPassword(ctx context.Context, r contract.ResetPasswordRequestObject) (contract.ResetPasswordResponseObject, error) {
	if !sane(r.Token) {
		return nil, user.Spent()
	}
	if err := h.service.Reset(ctx, r.Token, r.Body.Password); err != nil {
		return nil, chosen(err, "/password")
	}
	return contract.ResetPassword204Response{}, nil
}

// cookies returns tokens as the jar of a browser takes them.
func cookies(t user.Tokens) session.Tokens {
	return session.Tokens{Access: t.Access, AccessExpires: t.AccessExpires, Refresh: t.Refresh, Expires: t.Expires}
}

// shown renders tokens for a client that keeps them itself.
func shown(t user.Tokens) contract.Tokens {
	return contract.Tokens{
		Account: t.Account, Session: t.Session, TokenType: new("Bearer"), AccessToken: &t.Access, AccessExpiresAt: t.AccessExpires.UTC(),
		RefreshToken: &t.Refresh, ExpiresAt: t.Expires.UTC(),
	}
}

// hidden renders tokens that are cookies.
func hidden(t user.Tokens, csrf string) contract.Tokens {
	return contract.Tokens{
		Account: t.Account, Session: t.Session, AccessExpiresAt: t.AccessExpires.UTC(), ExpiresAt: t.Expires.UTC(), CsrfToken: &csrf,
	}
}

// sane reports whether a part of a path can be an id or a token: visible ASCII.
func sane(s string) bool {
	for i := range len(s) {
		if s[i] < '!' || s[i] > '~' {
			return false
		}
	}
	return s != ""
}

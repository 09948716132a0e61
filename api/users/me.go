package users

import (
	"context"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/edge/caller"
	"github.com/amends/amends/api/edge/session"
	"github.com/amends/amends/services/user"
)

// GetMe returns the caller's account.
func (h *Handlers) GetMe(ctx context.Context, _ contract.GetMeRequestObject) (contract.GetMeResponseObject, error) {
	a, err := h.service.Account(ctx, caller.From(ctx).Account)
	if err != nil {
		return nil, answered(err)
	}
	return contract.GetMe200JSONResponse(account(a)), nil
}

// ChangeMe changes the profile, and asks the owner of a new address to confirm it. The
// address comes first, because it alone can be refused.
func (h *Handlers) ChangeMe(ctx context.Context, r contract.ChangeMeRequestObject) (contract.ChangeMeResponseObject, error) {
	me := caller.From(ctx)
	if r.Body.Email != nil {
		if _, err := owner(ctx); err != nil {
			return nil, err
		}
		change := user.EmailChange{Account: me.Account, Session: me.Session, Password: *r.Body.Password, Email: *r.Body.Email}
		if err := h.service.ChangeEmail(ctx, change); err != nil {
			return nil, answered(err)
		}
	}
	a, err := h.service.Change(ctx, me.Account, user.Change{Name: r.Body.Name, Locale: r.Body.Locale})
	if err != nil {
		return nil, answered(err)
	}
	return contract.ChangeMe200JSONResponse(account(a)), nil
}

// EraseMe removes the caller's account.
func (h *Handlers) EraseMe(ctx context.Context, r contract.EraseMeRequestObject) (contract.EraseMeResponseObject, error) {
	me, err := owner(ctx)
	if err != nil {
		return nil, err
	}
	if err := h.service.Erase(ctx, me.Account, me.Session, r.Body.Password); err != nil {
		return nil, answered(err)
	}
	session.Of(ctx).Forget()
	return contract.EraseMe204Response{}, nil
}

// ChangePassword changes the password of the caller's account.
func (h *Handlers) ChangePassword(ctx context.Context, r contract.ChangePasswordRequestObject) (contract.ChangePasswordResponseObject, error) {
	me, err := owner(ctx)
	if err != nil {
		return nil, err
	}
	change := user.PasswordChange{Account: me.Account, Session: me.Session, Old: r.Body.OldPassword, New: r.Body.NewPassword}
	if err := h.service.ChangePassword(ctx, change); err != nil {
		return nil, chosen(err, "/new_password")
	}
	return contract.ChangePassword204Response{}, nil
}

// GetPreferences returns those of the caller's account.
func (h *Handlers) GetPreferences(ctx context.Context, _ contract.GetPreferencesRequestObject) (contract.GetPreferencesResponseObject, error) {
	a, err := h.service.Account(ctx, caller.From(ctx).Account)
	if err != nil {
		return nil, answered(err)
	}
	return contract.GetPreferences200JSONResponse{Preferences: preferences(a)}, nil
}

// SetPreferences replaces those of the caller's account.
func (h *Handlers) SetPreferences(ctx context.Context, r contract.SetPreferencesRequestObject) (contract.SetPreferencesResponseObject, error) {
	wanted := []user.Preference{}
	for _, p := range r.Body.Preferences {
		wanted = append(wanted, user.Preference{Category: user.Category(p.Category), Channel: user.Channel(p.Channel), Wanted: p.Wanted})
	}
	a, err := h.service.Change(ctx, caller.From(ctx).Account, user.Change{Preferences: &wanted})
	if err != nil {
		return nil, answered(err)
	}
	return contract.SetPreferences200JSONResponse{Preferences: preferences(a)}, nil
}

// account renders an account as its owner sees it.
func account(a user.Account) contract.Account {
	return contract.Account{
		Id: a.ID, Email: a.Email, Name: a.Name, Locale: a.Locale, Role: string(a.Role), Preferences: preferences(a),
		CreatedAt: a.CreatedAt.UTC(), UpdatedAt: a.UpdatedAt.UTC(),
	}
}

// preferences renders those of an account; the list is never null.
func preferences(a user.Account) []contract.Preference {
	out := []contract.Preference{}
	for _, p := range a.Preferences {
		out = append(out, contract.Preference{Category: string(p.Category), Channel: string(p.Channel), Wanted: p.Wanted})
	}
	return out
}

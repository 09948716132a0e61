package users

import (
	"context"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/edge/caller"
	"github.com/amends/amends/api/edge/session"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
)

// current names the session of a request.
const current = "current"

// ListSessions returns the open sessions of the caller's account.
func (h *Handlers) ListSessions(ctx context.Context, _ contract.ListSessionsRequestObject) (contract.ListSessionsResponseObject, error) {
	me := caller.From(ctx)
	all, err := h.service.Sessions(ctx, me.Account)
	if err != nil {
		return nil, answered(err)
	}
	out := contract.ListSessions200JSONResponse{Sessions: []contract.Session{}}
	for _, s := range all {
		out.Sessions = append(out.Sessions, contract.Session{
			Id: s.ID, Device: s.Device, CreatedAt: s.CreatedAt.UTC(), SeenAt: s.SeenAt.UTC(), ExpiresAt: s.ExpiresAt.UTC(), Current: s.ID == me.Session,
		})
	}
	return out, nil
}

// LogOutEverywhere ends all sessions of the caller's account.
func (h *Handlers) LogOutEverywhere(ctx context.Context, _ contract.LogOutEverywhereRequestObject) (contract.LogOutEverywhereResponseObject, error) {
	if err := h.service.LogOut(ctx, caller.From(ctx).Account, ""); err != nil {
		return nil, answered(err)
	}
	session.Of(ctx).Forget()
	return contract.LogOutEverywhere204Response{}, nil
}

// LogOut ends one session of the caller's account.
func (h *Handlers) LogOut(ctx context.Context, r contract.LogOutRequestObject) (contract.LogOutResponseObject, error) {
	me, id := caller.From(ctx), r.Id
	if id == current {
		if _, err := owner(ctx); err != nil {
			return nil, err
		}
		id = me.Session
	}
	if !sane(id) {
		return nil, problem.New(fault.NotFound, "There is no such session.")
	}
	if err := h.service.LogOut(ctx, me.Account, id); err != nil {
		return nil, answered(err)
	}
	if id == me.Session {
		session.Of(ctx).Forget()
	}
	return contract.LogOut204Response{}, nil
}

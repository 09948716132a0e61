// Package users answers the public operations of accounts: registration, sessions, and the
// settings of the account that a request comes from. It asks the user service, which makes
// the answers about known and unknown addresses alike; nothing here may tell them apart.
package users

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/edge/caller"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/identity/token"
	"github.com/amends/amends/services/user"
	"github.com/amends/amends/services/user/password"
)

// Service is the part of the user service's contract that is asked.
type Service interface {
	user.Entry
	user.Own
	user.Journal // of the admin address
}

// Keys knows the public keys of access tokens; see [token.Verifier].
type Keys interface {
	Keys(ctx context.Context) (token.Keys, error)
}

// Handlers answers the operations.
type Handlers struct {
	service Service
	keys    Keys
}

// New returns handlers that ask s, whose tokens have the keys k. Both are nil in a server
// that is not configured where the service is: [Handlers.Served] refuses every request then.
func New(s Service, k Keys) *Handlers { return &Handlers{s, k} }

// Served refuses with UNAVAILABLE the requests that a server without the service cannot
// answer.
func (h *Handlers) Served(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if h.service == nil {
			return problem.New(fault.Unavailable, "The user service is not configured here.")
		}
		return next(c)
	}
}

// GetKeys returns the public keys of access tokens.
func (h *Handlers) GetKeys(ctx context.Context, _ contract.GetKeysRequestObject) (contract.GetKeysResponseObject, error) {
	keys, err := h.keys.Keys(ctx)
	if err != nil {
		return nil, answered(err)
	}
	var out contract.Keys
	if err := json.Unmarshal(keys.JWKS(), &out); err != nil {
		return nil, fmt.Errorf("show the signing keys: %w", err)
	}
	return contract.GetKeys200JSONResponse{Body: out, Headers: contract.GetKeys200ResponseHeaders{CacheControl: new("public, max-age=300")}}, nil
}

// answered returns an error of the service as it is answered: with the time after which a
// refused attempt may be repeated, and UNAVAILABLE if a repeat may be answered.
func answered(err error) error {
	if wait, ok := user.WaitOf(err); ok {
		return &problem.Problem{Code: user.TryLater, Detail: fault.Of(err).Message, RetryAfter: wait}
	}
	if fault.CodeOf(err) == password.Overloaded {
		return err
	}
	switch fault.KindOf(err) {
	case fault.Transient, fault.Unknown:
		return &problem.Problem{Code: fault.Unavailable, Detail: "Accounts cannot be reached right now.", Cause: err}
	default:
		return err
	}
}

// chosen returns the error of a call with a password that was chosen in the field of a
// pointer.
func chosen(err error, pointer string) error {
	if fault.CodeOf(err) != password.Weak {
		return answered(err)
	}
	why := fault.Of(err).Message
	return &problem.Problem{Code: password.Weak, Detail: why, Errors: []contract.FieldError{problem.Field(pointer, password.Weak, why)}}
}

// owner returns the caller of an operation that needs a session. It refuses API keys, whose
// owners prove no password, with SESSION_NEEDED.
func owner(ctx context.Context) (caller.Caller, error) {
	me := caller.From(ctx)
	if me.Session == "" {
		return me, problem.New(problem.SessionNeeded, "")
	}
	return me, nil
}

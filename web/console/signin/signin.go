// Package signin keeps the sessions of people who have signed in to the console: with the
// secret of an operator, or with the account of a person of support or an operator. Sessions
// live in this process, and end with it.
package signin

import (
	"cmp"
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/web/console/ask"
	"github.com/amends/amends/web/look"
)

// Limits of sessions.
const (
	Idle    = 30 * time.Minute // without a request
	Longest = 12 * time.Hour
	most    = 1000             // the least recently used one gives way
	early   = 30 * time.Second // before its end, a token is refreshed
	patient = 10 * time.Second // a refresh may take this long
)

// cookie is the name of the cookie with a session's id.
const cookie = "amends-console"

// Session is that of one person in one browser. It is safe for concurrent use.
type Session struct {
	ID   string
	Name string
	Role contract.OperatorRole

	api           ask.Client
	began, seen   time.Time // of Sessions.mu
	mu            sync.Mutex
	bearer        string
	refresh       string // empty: the bearer is a secret that does not end
	bearerExpires time.Time
}

// Acts reports whether the person may change anything.
func (s *Session) Acts() bool { return s.Role == contract.RoleOperator }

// Bearer returns the token of the person's requests, refreshed in time. A refresh outlives ctx:
// if its answer were lost, the next one would show a token that was used already, which ends
// the session as if the token were stolen.
func (s *Session) Bearer(ctx context.Context, now time.Time) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refresh == "" || now.Add(early).Before(s.bearerExpires) {
		return s.bearer, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patient)
	defer cancel()
	var t contract.Tokens
	if err := s.api.Post(ctx, "/v1/sessions/refresh", "", contract.RefreshSession{RefreshToken: s.refresh}, &t); err != nil {
		return "", err //nolint:wrapcheck // a problem
	}
	s.keep(t)
	return s.bearer, nil
}

func (s *Session) keep(t contract.Tokens) {
	if t.AccessToken != nil && t.RefreshToken != nil {
		s.bearer, s.refresh, s.bearerExpires = *t.AccessToken, *t.RefreshToken, t.AccessExpiresAt
	}
}

// Sessions are all open ones. They are safe for concurrent use.
type Sessions struct {
	// Admin and API are the addresses at which people prove who they are.
	Admin, API http.Handler
	// Below is the path of the cookie.
	Below string
	// Now is the clock.
	Now func() time.Time

	mu   sync.Mutex
	open map[string]*Session
}

// WithSecret opens a session for the operator with a secret. A wrong one is a problem.
func (s *Sessions) WithSecret(w http.ResponseWriter, r *http.Request, secret string) (*Session, error) {
	return s.begin(w, r, &Session{bearer: secret})
}

// WithPassword opens a session for the account of a person. Its problems are those of the
// log-in, and SCOPE_MISSING for an account without the role.
func (s *Sessions) WithPassword(w http.ResponseWriter, r *http.Request, email, password string) (*Session, error) {
	one := &Session{api: ask.Client{Handler: s.API, From: r.RemoteAddr}}
	var t contract.Tokens
	in := map[string]string{"email": email, "password": password, "device": "console"}
	if err := one.api.Post(r.Context(), "/v1/sessions", "", in, &t); err != nil {
		return nil, err //nolint:wrapcheck // a problem
	}
	one.keep(t)
	return s.begin(w, r, one)
}

// begin asks the admin address who the session's person is, and sets the cookie.
func (s *Sessions) begin(w http.ResponseWriter, r *http.Request, one *Session) (*Session, error) {
	var who contract.Operator
	admin := ask.Client{Handler: s.Admin, Bearer: one.bearer, From: r.RemoteAddr}
	if err := admin.Get(r.Context(), "/v1/operator", nil, &who); err != nil {
		return nil, err //nolint:wrapcheck // a problem
	}
	now := s.Now()
	one.ID, one.Name, one.Role, one.began, one.seen = rand.Text(), who.Name, who.Role, now, now
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = map[string]*Session{}
	}
	s.trim(now)
	s.open[one.ID] = one
	http.SetCookie(w, look.Cookie(r, cookie, one.ID, s.Below, 0))
	return one, nil
}

// trim removes sessions that are over, and makes room for one more.
func (s *Sessions) trim(now time.Time) {
	all := make([]*Session, 0, len(s.open))
	for id, one := range s.open {
		if over(one, now) {
			delete(s.open, id)
		} else {
			all = append(all, one)
		}
	}
	slices.SortFunc(all, func(a, b *Session) int { return cmp.Compare(a.seen.UnixNano(), b.seen.UnixNano()) })
	for len(all) >= most {
		delete(s.open, all[0].ID)
		all = all[1:]
	}
}

func over(one *Session, now time.Time) bool {
	return now.Sub(one.seen) > Idle || now.Sub(one.began) > Longest
}

// Of returns the session of a request, nil if there is none or it is over. A request of a
// stream does not prolong it: a forgotten tab must not.
func (s *Sessions) Of(r *http.Request, prolong bool) *Session {
	c, err := r.Cookie(cookie)
	if err != nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	one, now := s.open[c.Value], s.Now()
	if one == nil || over(one, now) {
		delete(s.open, c.Value)
		return nil
	}
	if prolong {
		one.seen = now
	}
	return one
}

// Open reports whether a session goes on: it has not ended, and is not over. Asking does not
// prolong it.
func (s *Sessions) Open(one *Session) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open[one.ID] == one && !over(one, s.Now())
}

// End ends a session, and removes its cookie.
func (s *Sessions) End(w http.ResponseWriter, r *http.Request, one *Session) {
	s.Forget(one)
	http.SetCookie(w, look.Cookie(r, cookie, "", s.Below, -1))
}

// Forget ends a session.
func (s *Sessions) Forget(one *Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, one.ID)
}

package token

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/amends/amends/fault"
)

const (
	// Every is the time between two looks at the list of revocations.
	Every = 250 * time.Millisecond
	// Stale is the age from which the copy of the list proves nothing.
	Stale = 30 * time.Second
	// KeyLife is how long the answer about an API key holds. Its scopes follow a change of
	// the account's role within that time.
	KeyLife = 10 * time.Second

	keysEvery = time.Minute     // between two looks at the signing keys
	keysLeast = time.Second / 4 // the same, if a token has an unknown key
	askTime   = 3 * time.Second // bounds a question to the service
)

// Config of a [Verifier].
type Config struct {
	// Source is the user service.
	Source Source
	// Now is the clock; nil: the host's.
	Now func() time.Time
	// Logger must be set.
	Logger *slog.Logger
}

// Verifier verifies tokens and API keys. Its [Verifier.Run] must run.
type Verifier struct {
	source Source
	now    func() time.Time
	log    *slog.Logger
	began  time.Time
	read   atomic.Bool // the list and the keys were, once

	list  list
	known apiKeys

	fetching sync.Mutex // of the keys
	mu       sync.Mutex
	keys     Keys
	keysAt   time.Time // of the last attempt
	keysErr  error     // its
}

// NewVerifier returns a verifier that knows no revocation yet.
func NewVerifier(c Config) *Verifier {
	v := &Verifier{source: c.Source, now: c.Now, log: c.Logger}
	if v.now == nil {
		v.now = time.Now
	}
	v.began = v.now()
	v.list = list{ended: map[string]time.Time{}, watched: map[string]map[*watch]bool{}}
	v.known = apiKeys{of: map[[32]byte]answer{}}
	return v
}

// Verify returns the caller that a token or an API key proves. It refuses with
// UNAUTHENTICATED, and fails with UNAVAILABLE, transient, if only the user service could
// tell and does not answer.
func (v *Verifier) Verify(ctx context.Context, credential string) (Identity, error) {
	if IsKey(credential) {
		return v.verifyKey(ctx, credential)
	}
	i, err := parse(credential, v.now(), func(id string) (ed25519.PublicKey, error) { return v.key(ctx, id) })
	if err != nil {
		return Identity{}, err
	}
	ended, fresh := v.list.look(i.Session, v.now())
	switch {
	case ended:
		return Identity{}, refused(fmt.Errorf("session %s has ended", i.Session)) //nolint:err113 // for logs
	case fresh:
		return i, nil
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	if err := v.source.CheckSession(ctx, i.Session); err != nil {
		return Identity{}, asked(err)
	}
	return i, nil
}

// Ready returns UNAVAILABLE, transient, until the list and the keys were read for the first
// time: before, no token can be verified. After 5 s it returns nil in any case, so that
// a gateway which starts while the user service is away serves those who need no token.
func (v *Verifier) Ready() error {
	if v.read.Load() || v.now().Sub(v.began) > patience {
		return nil
	}
	return fault.Errorf(fault.Transient, fault.Unavailable, "Access tokens cannot be verified yet.")
}

// Keys returns the signing keys as they are known, for /.well-known/jwks.json.
func (v *Verifier) Keys(ctx context.Context) (Keys, error) {
	v.mu.Lock()
	keys, fresh := v.keys, v.now().Sub(v.keysAt) < keysEvery
	v.mu.Unlock()
	if fresh && len(keys) > 0 {
		return keys, nil
	}
	return v.fetch(ctx, keysLeast)
}

// key returns the signing key of an id. One that is unknown may be new.
func (v *Verifier) key(ctx context.Context, id string) (ed25519.PublicKey, error) {
	v.mu.Lock()
	found := v.keys.of(id)
	v.mu.Unlock()
	if found != nil {
		return found, nil
	}
	keys, err := v.fetch(ctx, keysLeast)
	if err != nil {
		return nil, err
	}
	if found = keys.of(id); found == nil {
		return nil, fmt.Errorf("no key %.40q", id) //nolint:err113 // hidden by refused
	}
	return found, nil
}

// fetch asks for the keys, unless that was done less than a time ago: tokens with random
// keys must not become questions.
func (v *Verifier) fetch(ctx context.Context, least time.Duration) (Keys, error) {
	v.fetching.Lock()
	defer v.fetching.Unlock()
	v.mu.Lock()
	keys, err, recent := v.keys, v.keysErr, v.now().Sub(v.keysAt) < least
	v.mu.Unlock()
	if recent {
		return keys, err
	}
	// For all who wait, so not only for as long as this caller does.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTime)
	defer cancel()
	got, err := v.source.SigningKeys(ctx)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.keysAt, v.keysErr = v.now(), nil
	if err != nil {
		v.keysErr = asked(err)
		return nil, v.keysErr
	}
	v.keys = got
	return got, nil
}

// asked returns the error of a question as the caller of Verify gets it: only a refusal
// says something about the token.
func asked(err error) error {
	if fault.CodeOf(err) == Unauthenticated {
		return err
	}
	return fault.Wrap(err, fault.Transient, fault.Unavailable, "it cannot be told now whether the token is valid")
}

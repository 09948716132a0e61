// Package password hashes passwords with argon2id, and says which may be chosen.
//
// A hash takes 19 MiB and some 30 ms of a core on purpose, so a process makes only as
// many at a time as it has cores, a bounded number of callers wait, and the rest is told
// to come back: neither memory nor the time of an answer grows with the callers.
package password

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"golang.org/x/text/unicode/norm"

	"github.com/amends/amends/fault"
)

// Codes of this package.
const (
	// Overloaded: too many callers wait for a hash. Nothing was done; a later call may
	// succeed.
	Overloaded fault.Code = "OVERLOADED"
	// Weak refuses a password that is too short, too long, or known to be common.
	Weak fault.Code = "WEAK_PASSWORD"
)

// Least is the length of the shortest password, in code points.
const Least = 8

// Most is the length of the longest password, in code points.
const Most = 128

// maxWaiting is how many callers wait for each core. Behind them an answer would come
// after seconds.
const maxWaiting = 64

// DefaultPolicy is that of new hashes: 19 MiB, two passes, one thread, as OWASP
// recommends.
func DefaultPolicy() argon2id.Params {
	return argon2id.Params{Memory: 19 << 10, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

// Hasher makes and compares hashes. A process has one, or the bound means nothing.
type Hasher struct {
	policy  argon2id.Params
	decoy   string // of no password, with the policy
	slots   chan struct{}
	waiting atomic.Int64
	most    int64
}

// New returns a hasher with a policy that makes as many hashes at a time as the process
// may use cores.
func New(policy argon2id.Params) (*Hasher, error) {
	cores := runtime.GOMAXPROCS(0)
	h := &Hasher{policy: policy, slots: make(chan struct{}, cores), most: int64(maxWaiting * cores)}
	var err error
	if h.decoy, err = h.hash("the password of no account"); err != nil {
		return nil, err
	}
	return h, nil
}

// Hash returns the hash of a password that was chosen. It refuses with WEAK_PASSWORD as
// [Check] does, and fails with OVERLOADED.
func (h *Hasher) Hash(ctx context.Context, password string) (hash string, err error) {
	if err := Check(password); err != nil {
		return "", err
	}
	return h.Rehash(ctx, password)
}

// Rehash returns the hash of a password that was compared: rules that have grown since it
// was chosen do not keep its owner out. It fails with OVERLOADED.
func (h *Hasher) Rehash(ctx context.Context, password string) (hash string, err error) {
	err = h.run(ctx, func() (err error) {
		hash, err = h.hash(normal(password))
		return err
	})
	return hash, err
}

// Compare reports whether a hash is that of the password, and whether it should be made
// again because the policy has grown or another program made it. The empty hash is that of no password: it takes the
// same time. Compare fails with OVERLOADED.
func (h *Hasher) Compare(ctx context.Context, hash, password string) (same, old bool, err error) {
	if utf8.RuneCountInString(password) > Most {
		password = "" // which is no password, and as quick
	}
	against, text, foreign := unwrap(hash, password)
	if hash == "" {
		against = h.decoy
	}
	err = h.run(ctx, func() error {
		match, params, err := argon2id.CheckHash(normal(text), against)
		if err != nil {
			return fault.Wrap(err, fault.Bug, fault.Internal, "a stored hash cannot be read")
		}
		same = match && hash != ""
		old = foreign || params.Memory < h.policy.Memory || params.Iterations < h.policy.Iterations || params.KeyLength < h.policy.KeyLength
		return nil
	})
	return same, old, err
}

func (h *Hasher) hash(password string) (string, error) {
	hash, err := argon2id.CreateHash(password, &h.policy)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return hash, nil
}

// run runs f when a slot is free.
func (h *Hasher) run(ctx context.Context, f func() error) error {
	if h.waiting.Add(1) > h.most {
		h.waiting.Add(-1)
		return fault.Errorf(fault.Transient, Overloaded, "too many passwords are being checked; try again in some seconds")
	}
	select {
	case h.slots <- struct{}{}:
		h.waiting.Add(-1)
	case <-ctx.Done():
		h.waiting.Add(-1)
		return ctx.Err()
	}
	defer func() { <-h.slots }()
	return f()
}

// normal returns the form in which a password is hashed: two keyboards may write the same
// character in two ways.
func normal(password string) string { return norm.NFKC.String(password) }

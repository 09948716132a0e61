package token

import (
	"context"
	"crypto/sha256"
	"sync"
	"time"
)

// maxAnswers bounds the answers that a verifier keeps. A key that is left out costs a
// question.
const maxAnswers = 10_000

// apiKeys are the answers about API keys, by the hash of the key.
type apiKeys struct {
	mu sync.Mutex
	of map[[32]byte]answer
}

type answer struct {
	identity Identity
	until    time.Time
}

func (a *apiKeys) get(h [32]byte, now time.Time) (Identity, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	got, ok := a.of[h]
	return got.identity, ok && now.Before(got.until)
}

// put keeps an answer. Those that hold no more make room.
func (a *apiKeys) put(h [32]byte, i Identity, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.of) >= maxAnswers {
		for other, got := range a.of {
			if !now.Before(got.until) {
				delete(a.of, other)
			}
		}
	}
	if len(a.of) < maxAnswers {
		a.of[h] = answer{i, now.Add(KeyLife)}
	}
}

// verifyKey returns the caller that an API key proves. A refusal is not kept: a guess
// costs the one who guesses a question each, which the gateway limits.
func (v *Verifier) verifyKey(ctx context.Context, key string) (Identity, error) {
	h, now := sha256.Sum256([]byte(key)), v.now()
	if i, known := v.known.get(h, now); known {
		expired := !i.Expires.IsZero() && !now.Before(i.Expires)
		ended, fresh := v.list.look(i.Key, now)
		if fresh && !ended && !expired {
			return i, nil
		}
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	i, err := v.source.CheckKey(ctx, key)
	if err != nil {
		return Identity{}, asked(err)
	}
	v.known.put(h, i, now)
	return i, nil
}

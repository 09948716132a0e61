package barrier

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/barrier/txn"
	"github.com/amends/amends/saga/key"
)

// Key names one step of one saga, see [key.Key].
type Key = key.Key

// Call is one attempt of a do.
type Call struct {
	Key Key
	// Fingerprint says which request it is, see [Fingerprint].
	Fingerprint string
	// Request is kept as JSON for the undo, which gets no input. nil keeps
	// nothing. It must not hold what the database may not know, such as a card.
	Request any
}

// Fingerprint returns the SHA-256, in hex, of version and parts. A part may hold
// any bytes: its length goes in too, so that no two lists are alike. The service
// chooses the parts (the fields that make it another request) and raises the
// version when it chooses others; never times or derived data.
func Fingerprint(version int, parts ...string) string {
	b := binary.AppendVarint(nil, int64(version))
	for _, p := range parts {
		b = binary.AppendUvarint(b, uint64(len(p)))
		b = append(b, p...)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// repeat returns what a do gets that finds r: nil if the request is r's and was
// not declined. The order matters: a zombie of a saga that was decided against
// hears that, whatever it asks for.
func (r *row) repeat(c Call) error {
	switch {
	case r.State == Undone || r.State == Blocked:
		return suspended(c.Key, r.State)
	case r.Fingerprint != c.Fingerprint:
		return fault.Errorf(fault.Bug, fault.Mismatch, "%s was used for another request", c.Key)
	case r.State == Refused:
		return r.refusal()
	}
	return nil
}

// refusal returns the decline that r records.
func (r *row) refusal() error {
	return fault.Errorf(fault.Business, r.Code, "%s", r.Message)
}

func suspended(k Key, s State) error {
	return fault.Errorf(fault.Suspension, fault.Suspended, "%s is %s", k, s)
}

// impossible is a row, or its absence, that a correct service never meets.
func impossible(k Key, r *row, doing string) error {
	if r == nil {
		return fault.Errorf(fault.Bug, fault.Conflict, "%s: cannot %s without an intent", k, doing)
	}
	return fault.Errorf(fault.Bug, fault.Conflict, "%s: cannot %s what is %s", k, doing, r.State)
}

// declined returns the refusal that err is, or nil. A business fault that wraps
// a lost race is none: the transaction is run again and may decide otherwise.
func declined(err error) *fault.Error {
	var f *fault.Error
	if errors.As(err, &f) && f.Kind == fault.Business && !txn.Retryable(err) {
		return f
	}
	return nil
}

// run runs an effect that cannot refuse; nil is one that does nothing.
func run(tx *gorm.DB, k Key, effect func(tx *gorm.DB) error) error {
	if effect == nil {
		return nil
	}
	err := effect(tx)
	if f := declined(err); f != nil {
		return fault.Errorf(fault.Bug, f.Code, "%s cannot be refused any more: %w", k, err)
	}
	return err
}

// attempt runs the effect of c's first call, which may refuse, in tx. A refusal
// is set, and returned as an error that rolls everything back: the effect's
// writes, and the claim of the key. [keep] records it.
func attempt(k Key, effect func() error, refusal **fault.Error) error {
	err := effect()
	f := declined(err)
	switch {
	case f == nil:
		return err
	case f.Code == "":
		return fault.Errorf(fault.Bug, fault.Invalid, "%s: a refusal needs a code", k)
	}
	*refusal = f
	return f
}

// keep records that c was refused, and answers as every repeat will. Nobody has
// been told yet, and nothing is there of the attempt: if another call was faster
// meanwhile, its record is the answer, as if this one came only now.
func keep[Answer any](ctx context.Context, db *gorm.DB, c Call, f *fault.Error, repeat func(db *gorm.DB, c Call) (Answer, error)) (Answer, error) {
	var answer Answer
	err := txn.Retry(ctx, db, func(db *gorm.DB) error {
		answer = *new(Answer)
		r := row{State: Refused, Code: f.Code, Message: f.Message}
		first, err := insert(db, c, r)
		switch {
		case err != nil:
			return err
		case first:
			return r.refusal()
		}
		answer, err = repeat(db, c)
		return err
	})
	if err != nil {
		return *new(Answer), err
	}
	return answer, nil
}

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
	// Fingerprint identifies the request, see [Fingerprint].
	Fingerprint string
	// Request is kept as JSON for the undo, which gets no input; nil keeps nothing. It
	// must not hold data that the database may not have, such as a card.
	Request any
	// Contended says that the effect begins with rows that other sagas lock. So it begins
	// only when the key is known to be free: a repeat must not wait for them, nor count as
	// one that has had them. It costs a round trip.
	Contended bool

	recall bool // see [Recall]
}

// Fingerprint returns the SHA-256, in hex, of version and parts. The lengths of the
// parts are hashed too, so different lists differ whatever bytes they hold. The
// parts are the fields that make a request another one; never times or derived
// data. A service that chooses other fields raises the version.
func Fingerprint(version int, parts ...string) string {
	b := binary.AppendVarint(nil, int64(version))
	for _, p := range parts {
		b = binary.AppendUvarint(b, uint64(len(p)))
		b = append(b, p...)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// repeat returns the error of a do that finds r: nil if the request is r's and was
// not refused. The order matters: a late attempt of an undone step is suspended,
// whatever its request is.
func (r *row) repeat(c Call) error {
	switch {
	case r.State == Undone || r.State == Blocked:
		return suspended(c.Key, r.State)
	case r.Fingerprint != c.Fingerprint && !c.recall:
		return fault.Errorf(fault.Bug, fault.Mismatch, "%s was used for another request", c.Key)
	case r.State == Refused:
		return r.refusal()
	}
	return nil
}

// refusal returns the refusal that r records.
func (r *row) refusal() error {
	return fault.Errorf(fault.Business, r.Code, "%s", r.Message)
}

func suspended(k Key, s State) error {
	return fault.Errorf(fault.Suspension, fault.Suspended, "%s is %s", k, s)
}

// impossible returns the bug of a service that finds r, or no row.
func impossible(k Key, r *row, doing string) error {
	if r == nil {
		return fault.Errorf(fault.Bug, fault.Conflict, "%s: cannot %s without an intent", k, doing)
	}
	return fault.Errorf(fault.Bug, fault.Conflict, "%s: cannot %s what is %s", k, doing, r.State)
}

// declined returns the refusal in err, or nil. A business fault that wraps a lost
// race is not a refusal: the transaction runs again and may decide otherwise.
func declined(err error) *fault.Error {
	var f *fault.Error
	if errors.As(err, &f) && f.Kind == fault.Business && !txn.Retryable(err) {
		return f
	}
	return nil
}

// run runs an effect that cannot refuse; a nil effect does nothing.
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

// attempt runs the effect of the key's first call, which may refuse. A refusal is
// set, and returned as an error that rolls back the effect's writes and the claim of
// the key. [keep] records it.
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

// keep records that c was refused, and returns the row that answers every repeat. The
// attempt has left nothing and has answered no caller yet: if another call was faster
// meanwhile, its record is the answer, as if this call came only now.
func keep(ctx context.Context, db *gorm.DB, c Call, f *fault.Error, tell []Tell) (*row, error) {
	var answer *row
	err := oneWrite(ctx, db, tell, func(tx *gorm.DB) error {
		answer = &row{State: Refused, Fingerprint: c.Fingerprint, Code: f.Code, Message: f.Message}
		first, err := insert(tx, c, *answer)
		switch {
		case err != nil:
			return err
		case first:
			return answer.tell(tx, c.Key, false, tell)
		}
		answer, err = again(tx, c, tell)
		return err
	})
	return answer, err
}

// again returns the row that a repeated do finds, and tells of it unless the call is
// suspended or of another request.
func again(tx *gorm.DB, c Call, tell []Tell) (*row, error) {
	r, err := find(tx, c.Key)
	switch {
	case err != nil:
		return nil, err
	case r == nil:
		return nil, impossible(c.Key, r, "repeat")
	}
	if err := r.repeat(c); err != nil && declined(err) == nil {
		return r, err
	}
	return r, r.tell(tx, c.Key, true, tell)
}

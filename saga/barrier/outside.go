package barrier

import (
	"context"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/barrier/traced"
	"github.com/amends/amends/saga/barrier/txn"
	"github.com/amends/amends/saga/ledger"
)

// Ticket is the answer of [Intend]; see [ledger.Ticket].
type Ticket[Out any] = ledger.Ticket[Out]

// Intend records, before a call to an external system, that the call may be made,
// and runs prepare in the same transaction, once per key; prepare may be nil. A
// fault of kind business from prepare is a refusal, as in [Do]. The Ticket of a
// repeat tells the service what to do. A refused key returns its refusal again; an
// undone or blocked one fails with SUSPENDED, and another request under the same
// key with REQUEST_MISMATCH.
func Intend[Out any](ctx context.Context, db *gorm.DB, c Call, prepare func(tx *gorm.DB) error, tell ...Tell) (Ticket[Out], error) {
	var refusal *fault.Error
	var answer *row // of a repeat
	traced.Outside(ctx, c.Key)
	err := c.transact(ctx, db, func(tx *gorm.DB, first bool) (err error) {
		refusal, answer = nil, nil
		switch {
		case !first:
			answer, err = again(tx, c, tell)
			return err
		case prepare == nil:
			return nil
		}
		return attempt(c.Key, func() error { return prepare(tx) }, &refusal)
	})
	if refusal != nil {
		answer, err = keep(ctx, db, c, refusal, tell)
	}
	if err != nil || answer == nil {
		return Ticket[Out]{}, err
	}
	return reissue[Out](answer, c)
}

// Recall is a repeated [Intend] of a caller that has not kept the whole request: it
// compares no fingerprint and claims nothing. A key without a row is a bug (CONFLICT).
func Recall[Out any](ctx context.Context, db *gorm.DB, k Key, tell ...Tell) (Ticket[Out], error) {
	c := Call{Key: k, recall: true}
	var t Ticket[Out]
	err := oneWrite(ctx, db, tell, func(tx *gorm.DB) error {
		r, err := again(tx, c, tell)
		if err == nil {
			t, err = reissue[Out](r, c)
		}
		return err
	})
	return t, err
}

// reissue returns the answer of r to a repeated Intend.
func reissue[Out any](r *row, c Call) (t Ticket[Out], err error) {
	if err := r.repeat(c); err != nil {
		return t, err
	}
	if r.State == Intent {
		return Ticket[Out]{Repeat: true}, nil
	}
	out, err := decode[Out](r.Outcome)
	return Ticket[Out]{Done: true, Outcome: out}, err
}

// Conclude records the outcome of an intended call and runs effect, which may be
// nil, in the same transaction. A repeat, and the loser of two attempts, succeed
// without effect. If the step was undone or blocked meanwhile it fails with
// SUSPENDED and records nothing: the undo has asked the external system and has
// taken back the effect that it found.
func Conclude[Out any](ctx context.Context, db *gorm.DB, k Key, out Out, effect func(tx *gorm.DB) error, tell ...Tell) error {
	outcome, err := encode(out)
	if err != nil {
		return err
	}
	return end(ctx, db, k, row{State: Done, Outcome: outcome}, "conclude", effect, tell)
}

// Refuse records that the external system declined an intended call for good, and
// runs effect, which may be nil, in the same transaction. It returns nil when that
// is recorded, also by an earlier attempt; then the caller returns the refusal. If
// the step was undone or blocked meanwhile it fails with SUSPENDED. Refusing a step
// that is done is a bug, and so is a refusal without a code.
func Refuse(ctx context.Context, db *gorm.DB, k Key, refusal *fault.Error, effect func(tx *gorm.DB) error, tell ...Tell) error {
	if refusal == nil || refusal.Code == "" {
		return fault.Errorf(fault.Bug, fault.Invalid, "%s: a refusal needs a code", k)
	}
	return end(ctx, db, k, row{State: Refused, Code: refusal.Code, Message: refusal.Message}, "refuse", effect, tell)
}

// end moves an intent to r's state with effect.
func end(ctx context.Context, db *gorm.DB, k Key, r row, doing string, effect func(tx *gorm.DB) error, tell []Tell) error {
	return txn.Run(ctx, db, func(tx *gorm.DB) error {
		won, err := change(tx, k, &r, Intent)
		if err != nil {
			return err
		}
		if won {
			return r.won(tx, k, effect, tell)
		}
		found, err := find(tx, k)
		switch {
		case err != nil:
			return err
		case found == nil:
			return impossible(k, found, doing)
		case found.State == r.State:
			return found.tell(tx, k, true, tell)
		case found.State == Undone || found.State == Blocked:
			return suspended(k, found.State)
		default:
			return impossible(k, found, doing)
		}
	})
}

// Undoing is the record of a step when its undo or settle begins.
type Undoing[Req, Out any] struct {
	State State
	// Request is the do's request; zero if it never came.
	Request Req
	// Outcome is valid if State is Done or was Done before Undone.
	Outcome Out
}

// BeginUndo begins the undo, or the settle, of an external effect: it returns the
// step's record. If the key has none, it blocks the key and returns state Blocked.
// On Intent the service asks the external system and then calls [EndUndo], or
// [Conclude] if it settles and the effect happened. A repeat returns the record as
// it then is. A tell of state Done is no end of an undo: [EndUndo] follows.
func BeginUndo[Req, Out any](ctx context.Context, db *gorm.DB, k Key, tell ...Tell) (Undoing[Req, Out], error) {
	var entry Undoing[Req, Out]
	err := oneWrite(ctx, db, tell, func(tx *gorm.DB) error {
		entry = Undoing[Req, Out]{State: Blocked}
		first, err := block(tx, k, tell)
		if err != nil || first {
			return err
		}
		r, err := find(tx, k)
		if err != nil {
			return err
		}
		if r == nil {
			return impossible(k, r, "undo")
		}
		entry.State = r.State
		if entry.Request, err = decode[Req](r.Request); err != nil {
			return err
		}
		if entry.Outcome, err = decode[Out](r.Outcome); err != nil {
			return err
		}
		return r.tell(tx, k, true, tell)
	})
	if err != nil {
		return Undoing[Req, Out]{}, err
	}
	return entry, nil
}

// EndUndo records the end of an undo in the external system and runs effect, which
// may be nil, in the same transaction. The new state is Undone if the effect was
// found and taken back, or Blocked if it was not found and its key is now forbidden
// there. For a step that is refused, undone or blocked it succeeds without effect.
//
// An attempt may have recorded its outcome since [BeginUndo]. Undone covers that
// outcome, so effect must read the service's own rows and not [Undoing]. Blocked
// does not: EndUndo fails with a transient fault, and the repeat finds the step done.
func EndUndo(ctx context.Context, db *gorm.DB, k Key, to State, effect func(tx *gorm.DB) error, tell ...Tell) error {
	from := map[State][]State{Undone: {Intent, Done}, Blocked: {Intent}}[to]
	if from == nil {
		return fault.Errorf(fault.Bug, fault.Invalid, "%s: an undo cannot end as %q", k, to)
	}
	return txn.Run(ctx, db, func(tx *gorm.DB) error {
		ended := row{State: to}
		sql, args := update(k, &ended, from)
		res := tx.Raw(sql+" RETURNING outcome", args...).Scan(&ended.Outcome)
		if res.Error != nil {
			return res.Error
		}
		if res.RowsAffected == 1 {
			traced.Became(ctx, k, to)
			return ended.won(tx, k, effect, tell)
		}
		found, err := find(tx, k)
		switch {
		case err != nil:
			return err
		case found == nil:
			return impossible(k, found, "end the undo of")
		case found.State == Done, found.State == Intent: // an attempt came in between
			return fault.Errorf(fault.Transient, fault.Unavailable, "%s was %s meanwhile", k, found.State)
		default:
			return found.tell(tx, k, true, tell)
		}
	})
}

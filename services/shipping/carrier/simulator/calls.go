package simulator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/shipping/carrier"
)

// Book implements [carrier.Carrier].
func (s *Simulator) Book(ctx context.Context, key string, p carrier.Parcel) (carrier.Booking, error) {
	fresh, err := newRow(key, p)
	if err != nil {
		return carrier.Booking{}, err
	}
	if p.To.PostalCode == PostalLostReply {
		fresh.LostReplies = 1
	}
	var booked row
	var there, made bool
	err = s.retry(ctx, func(db *gorm.DB) (err error) {
		if p.To.PostalCode == PostalUndeliverable {
			booked, there, err = find(db, key)
			return err
		}
		booked, made, err = insert(db, fresh)
		there = true // if the key is taken, its row is the answer
		return err
	})
	switch {
	case err != nil:
		return carrier.Booking{}, err
	case !there:
		return carrier.Booking{}, carrier.ErrUndeliverable
	case booked.State != string(carrier.Booked):
		return carrier.Booking{}, carrier.ErrForbidden
	case booked.Fingerprint != fresh.Fingerprint:
		return carrier.Booking{}, carrier.ErrKeyReused
	case made && booked.LostReplies > 0:
		return carrier.Booking{}, s.loseReply(ctx)
	}
	return booked.booking(), nil
}

// Cancel implements [carrier.Carrier].
func (s *Simulator) Cancel(ctx context.Context, key string) error {
	var written int64
	err := s.retry(ctx, func(db *gorm.DB) error {
		// A row that is cancelled already is written again, so that one statement
		// tells a booking from none.
		res := db.Model(&row{}).
			Where("booking_key = ? AND state IN ?", key, []string{string(carrier.Booked), string(carrier.Cancelled)}).
			Updates(map[string]any{"state": string(carrier.Cancelled), "updated_at": database.Now()})
		written = res.RowsAffected
		return res.Error
	})
	if err == nil && written == 0 {
		return carrier.ErrNotFound
	}
	return err
}

// Find implements [carrier.Carrier].
func (s *Simulator) Find(ctx context.Context, key string) (carrier.Booking, bool, error) {
	r, found, err := find(s.db.WithContext(ctx), key)
	if err != nil {
		return carrier.Booking{}, false, answer(database.Fault(err))
	}
	return r.booking(), found && r.State != forbidden, nil
}

// Forbid implements [carrier.Carrier].
func (s *Simulator) Forbid(ctx context.Context, key string) (carrier.Booking, bool, error) {
	var kept row
	err := s.retry(ctx, func(db *gorm.DB) error {
		t := database.Now()
		var err error
		// The key is unique: either this row comes first and no booking can follow, or
		// the booking came first and is returned.
		kept, _, err = insert(db, row{BookingKey: key, State: forbidden, CreatedAt: t, UpdatedAt: t})
		return err
	})
	if err != nil {
		return carrier.Booking{}, false, err
	}
	return kept.booking(), kept.State != forbidden, nil
}

// errNoReply is the error of a connection that ends without an answer.
var errNoReply = errors.New("the connection was closed without a reply")

// loseReply hangs like a connection with a dead peer.
func (s *Simulator) loseReply(ctx context.Context) error {
	bound := time.NewTimer(s.maxHang)
	defer bound.Stop()
	select {
	case <-ctx.Done():
	case <-bound.C:
	}
	return errNoReply
}

// retry runs f, which writes at most one row by one statement.
func (s *Simulator) retry(ctx context.Context, f func(db *gorm.DB) error) error {
	return answer(database.Retry(ctx, s.db, f))
}

// answer hides the database from the carrier's clients: while it is not available,
// neither is the carrier. A caller whose context has ended gets no answer.
func answer(err error) error {
	if fault.KindOf(err) == fault.Transient {
		return fmt.Errorf("%w: %w", carrier.ErrUnavailable, err)
	}
	return err
}

func newTrackingNumber() (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("%w: no tracking number: %w", carrier.ErrUnavailable, err)
	}
	return "SIM-" + id.String(), nil
}

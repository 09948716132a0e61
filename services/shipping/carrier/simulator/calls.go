package simulator

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/shipping/carrier"
)

// Book implements [carrier.Carrier].
func (s *Simulator) Book(ctx context.Context, key string, p carrier.Parcel) (carrier.Booking, error) {
	var (
		booking carrier.Booking
		lost    bool
	)
	err := s.retry(ctx, func(db *gorm.DB) error {
		lost = false // it may run again
		fresh, err := newRow(key, p)
		if err != nil {
			return err
		}
		if p.To.PostalCode == PostalLostReply {
			fresh.LostReplies = 1
		}
		var row row
		if p.To.PostalCode == PostalUndeliverable {
			var found bool
			if row, found, err = find(db, key); err == nil && !found {
				err = fault.Errorf(fault.Business, carrier.Undeliverable, "the carrier does not deliver to this address")
			}
		} else { // if the key is taken, its row is the answer
			row, lost, err = insert(db, fresh)
			lost = lost && row.LostReplies > 0
		}
		switch {
		case err != nil:
			return err
		case row.State != string(carrier.Booked):
			return fault.Errorf(fault.Suspension, fault.Suspended, "nothing can be booked under this key any more")
		case row.Fingerprint != fresh.Fingerprint:
			return fault.Errorf(fault.Bug, fault.Mismatch, "another parcel is booked under this key")
		}
		booking = row.booking()
		return nil
	})
	if err != nil {
		return carrier.Booking{}, err
	}
	if lost {
		return carrier.Booking{}, s.loseReply(ctx)
	}
	return booking, nil
}

// Cancel implements [carrier.Carrier].
func (s *Simulator) Cancel(ctx context.Context, key string) error {
	return s.retry(ctx, func(db *gorm.DB) error {
		// A row that is cancelled already is written again, so that one statement
		// tells "there is a booking" from "there is none".
		res := db.Model(&row{}).
			Where("booking_key = ? AND state IN ?", key, []string{string(carrier.Booked), string(carrier.Cancelled)}).
			Updates(map[string]any{"state": string(carrier.Cancelled), "updated_at": database.Now()})
		if res.Error != nil {
			return res.Error
		}
		if res.RowsAffected == 0 {
			return fault.Errorf(fault.Bug, fault.NotFound, "nothing was booked under this key")
		}
		return nil
	})
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
		// The key is unique: either this row is first and no booking can follow, or
		// the booking was first and is what this returns.
		kept, _, err = insert(db, row{BookingKey: key, State: forbidden, CreatedAt: t, UpdatedAt: t})
		return err
	})
	if err != nil {
		return carrier.Booking{}, false, err
	}
	return kept.booking(), kept.State != forbidden, nil
}

// loseReply hangs as a connection does whose other end is gone.
func (s *Simulator) loseReply(ctx context.Context) error {
	bound := time.NewTimer(s.maxHang)
	defer bound.Stop()
	select {
	case <-ctx.Done():
	case <-bound.C:
	}
	return fault.Errorf(fault.Unknown, carrier.Timeout, "the carrier did not reply")
}

// retry runs f on the book, of which every call writes one row by one statement.
// What goes wrong with the book is the carrier's business: its clients only learn
// that it did not answer.
func (s *Simulator) retry(ctx context.Context, f func(db *gorm.DB) error) error {
	return answer(database.Retry(ctx, s.db, f))
}

// answer turns what went wrong with the book into a carrier's answer.
func answer(err error) error {
	switch cause := fault.Of(err); fault.KindOf(err) {
	case fault.Transient:
		return fault.Errorf(fault.Transient, carrier.Unavailable, "the carrier is not available: %w", cause)
	case fault.Unknown:
		return fault.Errorf(fault.Unknown, carrier.Timeout, "the carrier did not reply: %w", cause)
	default:
		return err
	}
}

func newTrackingNumber() (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", fault.Errorf(fault.Transient, carrier.Unavailable, "no tracking number: %w", err)
	}
	return "SIM-" + id.String(), nil
}

package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/store"
)

// TestRoundTrips counts the round trips of each step of a saga to PostgreSQL,
// once its statements are prepared, so that no round trip is added unnoticed. Facts
// travel with COMMIT; an undo takes a transaction to begin, so that it can be told.
func TestRoundTrips(t *testing.T) {
	t.Parallel()

	db, spent := dbtest.Counted(t, store.Schema.Migrate)
	s := store.New(db)
	hold := payment.Hold{Amount: total, TokenHash: "f00d"}
	take, back := payment.CaptureRequest{Amount: total}, payment.RefundRequest{Amount: total}
	declined := fault.Errorf(fault.Business, "DECLINED", "declined")
	dbtest.RequireTrips(t, spent, func(saga string) []dbtest.Call {
		var in payment.Intended // of the latest intent to authorize or to capture
		return []dbtest.Call{
			dbtest.Takes(2, "intend authorize", func(ctx context.Context) error {
				t, err := s.IntendAuthorize(ctx, authorizeKey(saga), hold)
				in = t.Intended
				return err
			}),
			dbtest.Takes(2, "conclude authorize", func(ctx context.Context) error {
				return dbtest.Only(s.ConcludeAuthorize(ctx, authorizeKey(saga), in, "aut_1"))
			}),
			dbtest.Takes(3, "intend capture", func(ctx context.Context) error {
				t, err := s.IntendCapture(ctx, captureKey(saga), take)
				in = t.Intended
				return err
			}),
			dbtest.Takes(2, "conclude capture", func(ctx context.Context) error {
				return dbtest.Only(s.ConcludeCapture(ctx, captureKey(saga), in, "cap_1"))
			}),
			dbtest.Takes(3, "intend a refund", func(ctx context.Context) error { return dbtest.Only(s.IntendRefund(ctx, refundKey(saga, 1), back)) }),
			dbtest.Takes(4, "refuse refund", func(ctx context.Context) error { return s.RefuseRefund(ctx, refundKey(saga, 1), declined) }),
			dbtest.Takes(3, "intend refund", func(ctx context.Context) error { return dbtest.Only(s.IntendRefund(ctx, refundKey(saga, 0), back)) }),
			dbtest.Takes(4, "conclude refund", func(ctx context.Context) error {
				return dbtest.Only(s.ConcludeRefund(ctx, refundKey(saga, 0), payment.Intended{}, "ref_1"))
			}),
			dbtest.Takes(2, "intend another authorize", func(ctx context.Context) error {
				return dbtest.Only(s.IntendAuthorize(ctx, authorizeKey(saga+"b"), hold))
			}),
			dbtest.Takes(3, "refuse authorize", func(ctx context.Context) error { return s.RefuseAuthorize(ctx, authorizeKey(saga+"b"), declined) }),
			dbtest.Takes(2, "intend a third", func(ctx context.Context) error {
				return dbtest.Only(s.IntendAuthorize(ctx, authorizeKey(saga+"c"), hold))
			}),
			dbtest.Takes(3, "begin void", func(ctx context.Context) error { return dbtest.Only(s.BeginVoid(ctx, authorizeKey(saga+"c"))) }),
			dbtest.Takes(3, "end void", func(ctx context.Context) error { return s.EndVoid(ctx, authorizeKey(saga+"c")) }),
			dbtest.Takes(2, "intend a fourth", func(ctx context.Context) error {
				return dbtest.Only(s.IntendAuthorize(ctx, authorizeKey(saga+"d"), hold))
			}),
			dbtest.Takes(3, "block authorize", func(ctx context.Context) error { return s.BlockAuthorize(ctx, authorizeKey(saga+"d")) }),
			dbtest.Takes(8, "come to capture", func(ctx context.Context) error { return toCapture(ctx, s, saga+"e", hold) }),
			dbtest.Takes(3, "refuse capture", func(ctx context.Context) error { return s.RefuseCapture(ctx, captureKey(saga+"e"), declined) }),
			dbtest.Takes(8, "come to capture again", func(ctx context.Context) error { return toCapture(ctx, s, saga+"f", hold) }),
			dbtest.Takes(3, "begin settle", func(ctx context.Context) error {
				_, _, err := s.BeginSettle(ctx, captureKey(saga+"f"))
				return err
			}),
			dbtest.Takes(3, "block capture", func(ctx context.Context) error { return s.BlockCapture(ctx, captureKey(saga+"f")) }),
		}
	})
}

// toCapture brings a saga to the intent to capture.
func toCapture(ctx context.Context, s *store.Store, saga string, hold payment.Hold) error {
	return errors.Join(
		dbtest.Only(s.IntendAuthorize(ctx, authorizeKey(saga), hold)),
		dbtest.Only(s.ConcludeAuthorize(ctx, authorizeKey(saga), payment.Intended{}, "aut_1")),
		dbtest.Only(s.IntendCapture(ctx, captureKey(saga), payment.CaptureRequest{Amount: hold.Amount})),
	)
}

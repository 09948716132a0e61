package sagatest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/workflow"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/saga/sagatest"
	"github.com/amends/amends/saga/service"
)

var (
	room    = saga.Step[saga.None, saga.None]{Name: "room", Queue: "room", Kind: saga.Compensatable}
	charge  = saga.Step[saga.None, string]{Name: "charge", Queue: "bank", Kind: saga.Pivot}
	voucher = saga.Step[saga.None, saga.None]{Name: "voucher", Queue: "room", Kind: saga.Closing}
)

// stay is a saga on the real barrier, with an effect outside.
type stay struct {
	db      *gorm.DB
	broken  string
	charged map[string]bool // by key; false: forbidden
	held    int
}

func newStay(t *testing.T, broken string) (*stay, error) {
	t.Helper()
	db, err := service.Open(t.Context(), "sqlite::memory:")
	if err == nil {
		t.Cleanup(func() { require.NoError(t, service.Close(db)) })
	}
	return &stay{db: db, broken: broken}, err
}

func (s *stay) Register(r *sagatest.Registry) {
	saga.Bind(r, room, func(ctx context.Context, k saga.Key, _ saga.None) (saga.None, error) {
		return barrier.Do(ctx, s.db, barrier.Call{Key: k}, func(*gorm.DB) (saga.None, error) { s.held++; return saga.None{}, nil })
	}, func(ctx context.Context, k saga.Key) error {
		return barrier.Undo(ctx, s.db, k, func(*gorm.DB, saga.None) error { s.held--; return nil })
	})
	saga.Bind(r, voucher, func(ctx context.Context, k saga.Key, _ saga.None) (saga.None, error) {
		if s.broken == "no printer" {
			return saga.None{}, errors.New("the printer is out of paper")
		}
		return barrier.Do(ctx, s.db, barrier.Call{Key: k}, func(*gorm.DB) (saga.None, error) { return saga.None{}, nil })
	}, nil)
	bank := service.Outside[saga.None, string]{
		DB: s.db,
		Find: func(_ context.Context, key string) (out string, found bool, err error) {
			err = s.outside(r, "bank.find", func() error { found = s.charged[key]; return nil })
			return key, found, err
		},
		Act: func(_ context.Context, key string, _ saga.None) (string, error) {
			return key, s.outside(r, "bank.charge", func() error {
				if charged, known := s.charged[key]; known && !charged {
					return fault.Errorf(fault.Suspension, fault.Suspended, "forbidden")
				}
				s.charged[key] = true
				return nil
			})
		},
		Forbid: func(_ context.Context, key string) (out string, found bool, err error) {
			if s.broken == "deaf" {
				return "", false, nil
			}
			err = s.outside(r, "bank.forbid", func() error {
				found = s.charged[key]
				s.charged[key] = found // known from now on: what was not charged is forbidden
				return nil
			})
			return key, found, err
		},
	}
	saga.BindPivot(r, charge, bank.Do, bank.Settle)
	r.RegisterWorkflowWithOptions(s.workflow, workflow.RegisterOptions{Name: "Stay"})
}

func (*stay) outside(r *sagatest.Registry, name string, effect func() error) error {
	return r.Outside(name, effect, fault.Errorf(fault.Transient, fault.Unavailable, "no bank"), errors.New("no answer"))
}

func (*stay) workflow(ctx workflow.Context, decideBy time.Time) (saga.View, error) {
	o := saga.Options{ID: "s1", Plan: saga.NewPlan(room, charge, voucher), DecideBy: decideBy, Timing: timing()}
	return saga.Run(ctx, o, func(ctx workflow.Context) error {
		if _, err := saga.Do(ctx, room, saga.None{}); err != nil {
			return err
		}
		if _, err := saga.Do(ctx, charge, saga.None{}); err != nil {
			return err
		}
		_, err := saga.Do(ctx, voucher, saga.None{})
		return err
	})
}

func (s *stay) Start(_, decideBy time.Time) (string, any) {
	if s.broken == "no deadline" {
		decideBy = time.Time{}
	}
	return "Stay", decideBy
}

func (s *stay) Reset(context.Context) error {
	s.held, s.charged = 0, map[string]bool{}
	return s.db.Exec("DELETE FROM barrier").Error
}

func (s *stay) Check(_ context.Context, end sagatest.End) error {
	var v saga.View
	if err := end.Result(&v); err != nil {
		return err
	}
	if got, want := fmt.Sprint(s.held == 1, s.charged["s1/charge"]), v.Phase == saga.Committed; got != fmt.Sprint(want, want) {
		return fmt.Errorf("it is %s with a room and a charge: %s", v.Phase, got)
	}
	return nil
}

func stays(t *testing.T, broken string) sagatest.Explorer {
	t.Helper()
	return sagatest.Explorer{New: func() (sagatest.Subject, error) { return newStay(t, broken) }, SagaID: "s1", Faults: 1}
}

// A settle finds an intent only after three faults. An exploration of single faults is
// steered there, so that a settle that does not ask is found.
func TestAnExplorationComesByEveryRowOfTheBarriersTable(t *testing.T) {
	t.Parallel()

	t.Run("AndCountsThem", func(t *testing.T) {
		t.Parallel()
		report, err := stays(t, "").Run(t.Context())
		require.NoError(t, err)
		require.Nil(t, report.Failure, "%v", report.Failure)
		require.NoError(t, report.Valid())
		for _, row := range []sagatest.Mark{
			"charge found intent", "charge found what had ended", "charge.settle found intent", "room.undo found nothing", "room found done", "voucher found done",
		} {
			require.Positive(t, report.Marks()[row], row)
		}
		require.NotContains(t, report.Marks(), sagatest.Mark("room.undo found intent"), "its effect is in the database")
		require.NotContains(t, report.Marks(), sagatest.Mark("voucher found what had ended"), "it has no undo")
		require.Contains(t, report.String(), "0 never come by")
	})

	t.Run("SoThatAMistakeInOneIsFound", func(t *testing.T) {
		t.Parallel()
		report, err := stays(t, "deaf").Run(t.Context())
		require.NoError(t, err)
		require.NotNil(t, report.Failure)
		require.Len(t, report.Failure.Schedule, 3, "%v", report.Failure)
	})

	t.Run("OrIsInvalid", func(t *testing.T) {
		t.Parallel()
		e := stays(t, "no deadline")
		e.SagaID = "another" // so nothing cancels it
		report, err := e.Run(t.Context())
		require.NoError(t, err)
		require.Nil(t, report.Failure, "%v", report.Failure)
		require.ErrorContains(t, report.Valid(), "no schedule came by rows of the barrier's table")
		require.ErrorContains(t, report.Valid(), `"charge.settle found intent"`)
	})
}

// The failure of a saga that does not end is short, and has the last error, which the
// kernel hides from clients.
func TestASagaThatDoesNotEndSaysWhy(t *testing.T) {
	t.Parallel()

	report, err := stays(t, "no printer").Run(t.Context())
	require.NoError(t, err)
	require.NotNil(t, report.Failure)
	require.ErrorContains(t, report.Failure, "the saga does not end")
	require.ErrorContains(t, report.Failure, "the printer is out of paper")
	require.Less(t, len(report.Failure.Error()), 5000)
}

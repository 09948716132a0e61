package service_test

import (
	"context"
	"errors"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/service"
)

// provider is an external system that remembers every key.
type provider struct {
	made  map[string]string // "" is a key that is forbidden
	lost  int               // so many replies
	calls []string
}

var errLost = errors.New("no reply")

func (p *provider) reply(call string) error {
	p.calls = append(p.calls, call)
	if p.lost > 0 {
		p.lost--
		return errLost
	}
	return nil
}

func (p *provider) act(_ context.Context, key, card string) (string, error) {
	if made, ok := p.made[key]; ok && made == "" {
		return "", fault.Errorf(fault.Suspension, fault.Suspended, "forbidden")
	}
	p.made[key] = card
	if err := p.reply("act"); err != nil {
		return "", err
	}
	return p.answer(key)
}

func (p *provider) answer(key string) (string, error) {
	if p.made[key] == "declined" {
		return "", fault.Errorf(fault.Business, "DECLINED", "declined")
	}
	return "receipt of " + p.made[key], nil
}

func (p *provider) find(_ context.Context, key string) (string, bool, error) {
	if err := p.reply("find"); err != nil {
		return "", false, err
	}
	if p.made[key] == "" {
		return "", false, nil
	}
	out, err := p.answer(key)
	return out, true, err
}

func (p *provider) forbid(ctx context.Context, key string) (string, bool, error) {
	if _, ok := p.made[key]; !ok {
		p.made[key] = ""
	}
	return p.find(ctx, key)
}

func (p *provider) takeBack(_ context.Context, key string) error {
	p.made[key] = ""
	return p.reply("take back")
}

var tables = fstest.MapFS{"00002_receipt.sql": {Data: []byte(
	"-- +goose Up\nCREATE TABLE receipt (text text NOT NULL);\n-- +goose Down\nDROP TABLE receipt;\n",
)}}

var charge = key.New("t1", "card.charge")

type testBundle struct {
	service.Outside[string, string]

	provider *provider
}

func setup(t *testing.T) testBundle {
	t.Helper()
	db, err := service.Open(t.Context(), "sqlite::memory:", tables)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, service.Close(db)) })
	p := &provider{made: map[string]string{}}
	return testBundle{service.Outside[string, string]{
		DB: db, Same: func(card string) []string { return []string{card} },
		Find: p.find, Act: p.act, Forbid: p.forbid, TakeBack: p.takeBack,
		Record: func(tx *gorm.DB, _ key.Key, out string) error {
			return tx.Exec("INSERT INTO receipt VALUES (?)", out).Error
		},
		Erase: func(tx *gorm.DB, _ key.Key) error { return tx.Exec("DELETE FROM receipt").Error },
	}, p}
}

func (b testBundle) receipts(t *testing.T) (n int) {
	t.Helper()
	require.NoError(t, b.DB.Raw("SELECT count(*) FROM receipt").Scan(&n).Error)
	return n
}

func TestAnEffectOutside(t *testing.T) {
	t.Parallel()

	t.Run("TwiceIsOnce", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		for range 2 {
			out, err := b.Do(t.Context(), charge, "visa")
			require.NoError(t, err)
			require.Equal(t, "receipt of visa", out)
		}
		require.Equal(t, []string{"act"}, b.provider.calls)
		require.Equal(t, 1, b.receipts(t))
	})

	t.Run("AsksForALostReply", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.provider.lost = 1
		_, err := b.Do(t.Context(), charge, "visa")
		require.Equal(t, fault.Unknown, fault.KindOf(err))
		out, err := b.Do(t.Context(), charge, "visa")
		require.NoError(t, err)
		require.Equal(t, "receipt of visa", out)
		require.Equal(t, []string{"act", "find"}, b.provider.calls)
	})

	t.Run("KeepsADecline", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		for range 2 {
			_, err := b.Do(t.Context(), charge, "declined")
			require.Equal(t, fault.Code("DECLINED"), fault.CodeOf(err))
		}
		require.Equal(t, []string{"act"}, b.provider.calls)
		require.NoError(t, b.Undo(t.Context(), charge))
		_, happened, err := b.Settle(t.Context(), charge)
		require.NoError(t, err)
		require.False(t, happened)
	})

	t.Run("RefusesAnotherRequest", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		_, err := b.Do(t.Context(), charge, "visa")
		require.NoError(t, err)
		_, err = b.Do(t.Context(), charge, "another")
		require.Equal(t, fault.Mismatch, fault.CodeOf(err))
	})
}

func TestItsUndo(t *testing.T) {
	t.Parallel()

	for name, lost := range map[string]int{"TakesBackWhatIsDone": 0, "TakesBackALostReply": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.provider.lost = lost
			_, _ = b.Do(t.Context(), charge, "visa")
			for range 2 {
				require.NoError(t, b.Undo(t.Context(), charge))
			}
			require.Empty(t, b.provider.made[charge.String()])
			require.Zero(t, b.receipts(t))
			_, err := b.Do(t.Context(), charge, "visa")
			require.Equal(t, fault.Suspended, fault.CodeOf(err))
		})
	}

	t.Run("OfNothingStopsALateCall", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		require.NoError(t, b.Undo(t.Context(), charge))
		_, err := b.Do(t.Context(), charge, "visa")
		require.Equal(t, fault.Suspended, fault.CodeOf(err))
		require.Empty(t, b.provider.made[charge.String()])
	})

	t.Run("OfAPivotIsABug", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.TakeBack = nil
		_, err := b.Do(t.Context(), charge, "visa")
		require.NoError(t, err)
		require.Equal(t, fault.Bug, fault.KindOf(b.Undo(t.Context(), charge)))
	})
}

func TestItsSettle(t *testing.T) {
	t.Parallel()

	t.Run("LearnsOfALostReply", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.provider.lost = 2
		_, err := b.Do(t.Context(), charge, "visa")
		require.Error(t, err)
		_, _, err = b.Settle(t.Context(), charge)
		require.Equal(t, fault.Unknown, fault.KindOf(err), "it never guesses")
		for range 2 {
			out, happened, err := b.Settle(t.Context(), charge)
			require.NoError(t, err)
			require.True(t, happened)
			require.Equal(t, "receipt of visa", out)
		}
		require.Equal(t, 1, b.receipts(t))
	})

	t.Run("ForbidsACallThatIsStillUnderWay", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		act := b.Act
		b.Act = func(context.Context, string, string) (string, error) { return "", errLost } // it will arrive later
		_, err := b.Do(t.Context(), charge, "visa")
		require.Error(t, err)
		_, happened, err := b.Settle(t.Context(), charge)
		require.NoError(t, err)
		require.False(t, happened)
		_, err = act(t.Context(), charge.String(), "visa")
		require.Equal(t, fault.Suspended, fault.CodeOf(err))
	})
}

func TestOpen(t *testing.T) {
	t.Parallel()

	t.Run("MigratesOnceAndAgain", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		require.NoError(t, service.Migrate(t.Context(), b.DB, tables))
	})

	t.Run("SaysThatAnAddressIsWrong", func(t *testing.T) {
		t.Parallel()
		_, err := service.Open(t.Context(), "mysql://db")
		require.Equal(t, fault.Bug, fault.KindOf(err))
		broken := fstest.MapFS{"00002_broken.sql": {Data: []byte("-- +goose Up\nCREATE TABLE;\n")}}
		_, err = service.Open(t.Context(), "sqlite::memory:", broken)
		require.Error(t, err)
	})
}

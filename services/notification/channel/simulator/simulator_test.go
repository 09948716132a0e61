package simulator_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/services/notification/channel"
	"github.com/amends/amends/services/notification/channel/simulator"
)

func TestMigrationsGoUpDownUp(t *testing.T) {
	t.Parallel()
	dbtest.UpDownUp(t, simulator.Schema.Migrate, simulator.Schema.Ready)
}

func TestAProviderKeepsABook(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, simulator.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		texts, reserve := simulator.New(db, simulator.TextMessages), simulator.New(db, simulator.TextReserve)
		send := func(p *simulator.Simulator, to string) fault.Code {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if p == texts && to == "+499003" { // slower than its caller
				cancel()
			}
			return fault.CodeOf(p.Send(ctx, channel.Message{Key: to, To: to, Text: "hello"}))
		}
		sent := func(p *simulator.Simulator, key string) bool {
			ok, err := p.Close(t.Context(), key)
			require.NoError(t, err)
			return ok
		}
		for to, want := range map[string]struct {
			code fault.Code
			sent bool
		}{
			"+490001": {"", true}, "account-9001": {"", true}, "+499001": {channel.Refused, false}, "+499002": {channel.NoAnswer, true},
			"+499003": {channel.NoAnswer, false}, "+499004": {channel.Unavailable, false},
		} {
			require.Equal(t, want.code, send(texts, to), to)
			require.Equal(t, want.sent, sent(texts, to), to)
			require.Equal(t, want.sent, sent(texts, to), to)
			require.Empty(t, send(reserve, to), "only the first provider is moved by numbers")
		}
		require.Empty(t, send(texts, "+490001"), "a repeat is the same message")
		require.False(t, sent(texts, "+490002"))
		require.Equal(t, channel.Refused, send(texts, "+490002"), "its key is closed")

		book, err := simulator.Book(t.Context(), db)
		require.NoError(t, err)
		keys := map[string]int{}
		for _, e := range book {
			require.Equal(t, "hello", e.Body)
			keys[e.Provider]++
		}
		require.Equal(t, map[string]int{simulator.TextMessages: 3, simulator.TextReserve: 6}, keys)
	})
}

package chaos

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A judgement without findings proves something only if it finds damage: each
// kind, done one after the other to the databases of one platform, is called by
// its name, in the invariants and by the doctor.
func TestAPlantIsFoundByName(t *testing.T) { //nolint:paralleltest // it must not run beside chaos
	timing := Hasty()
	timing.DecideAfter = 10 * time.Second // the doctor judges nothing earlier
	p, orders := start(t, Prepare(t), timing, 4), Orders(1, 16, time.Second)
	c, shop := p.customers(t), p.open(t)
	p.signIn(t, orders)
	c.visit(t.Context(), orders)
	require.NoError(t, c.wait(t.Context()))
	require.NoError(t, p.quiet(t.Context(), shop, 3*timing.bound()))
	require.NoError(t, p.follow(t.Context(), shop))
	before, err := p.judge(t.Context(), shop, c, orders)
	require.NoError(t, err)
	require.Empty(t, before.violations)

	for _, plants := range [][]Plant{{HeldStock, LostEvent, StaleReadModel, LostRefund, LostRefundMail}, {DoubleCapture, DoubledEvent, LostMail, DoubleRefund}, {LostOrder, DoubledMail}} {
		victims := map[Plant]string{}
		for _, plant := range plants {
			victims[plant], err = p.plant(t.Context(), plant)
			require.NoError(t, err)
		}
		after, err := p.judge(t.Context(), shop, c, orders)
		require.NoError(t, err)
		for plant, victim := range victims {
			for _, words := range Plants[plant] {
				require.True(t, names(after, words, victim), "%s of %s: no %q in\n%s", plant, victim, words, strings.Join(after.violations, "\n"))
				require.False(t, names(before, words, victim), "%s was there before", plant)
			}
		}
		before = after
	}
	require.Len(t, before.doubled, 1)
}

// names reports whether a violation has the words and is about the victim's order.
func names(v *verdict, words, victim string) bool {
	for _, violation := range v.violations {
		if strings.Contains(violation, words) && strings.Contains(violation, sagaOf(victim)) {
			return true
		}
	}
	return false
}

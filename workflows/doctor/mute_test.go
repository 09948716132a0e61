package doctor_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/proof/clinic"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
)

// An order that was flagged before its saga was terminated stays flagged in its
// record, so the flag alone does not prove that its saga runs again.
func TestTheDoctorClaimsNoRepairThatTheEngineDoesNotConfirm(t *testing.T) {
	t.Parallel()

	c := clinic.New(t)
	id := c.Stopped(t, false)
	require.NoError(t, c.Orders.Note(t.Context(), key.New(id, "order.note"), order.Note{
		At: time.Now(), Attention: []ledger.Attention{{Step: "payment.authorize", Code: "UNAVAILABLE", Kind: "transient", Since: time.Now()}},
	}))
	c.Engine.Mute = true
	c.In.Patience, c.In.Heal = 5*time.Second, 20*time.Second
	r := c.Diagnose(t)
	require.Equal(t, []string{id}, c.Engine.Resumed)
	require.Len(t, r.Findings, 1)
	require.False(t, r.Findings[0].Repaired, "it is unknown whether its saga runs")
	require.NotEmpty(t, r.Findings[0].Note)
	require.False(t, r.OK)
}

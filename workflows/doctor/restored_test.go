package doctor_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/proof/clinic"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/workflows/doctor"
	"github.com/amends/amends/workflows/doctor/judge"
)

// An order database restored from a backup lacks all later orders, so the other
// services have many sagas after its last order. One run of the workflow must not
// read them all: the engine ends a run whose history grows without bound, and then
// no report would come.
func TestTheDoctorSurvivesAnOrderDatabaseThatWasRestored(t *testing.T) {
	t.Parallel()

	c := clinic.New(t)
	c.Place(t, "tok_visa")
	before := time.Now().UTC()
	const lost = 300
	for i := range lost {
		c.Injure(t, "catalog", `INSERT INTO barrier (saga, step, generation, state, fingerprint, request, outcome, code, message, created_at, updated_at)
			VALUES (?, 'catalog.quote', 0, 'blocked', 'f', '{}', '', '', '', ?, ?)`, fmt.Sprintf("zz-%03d", i), before, before)
	}
	c.In = doctor.Input{PageSize: 2, PagesPerRun: 2}
	r := c.Diagnose(t)
	require.False(t, r.OK)
	require.Equal(t, []audit.Kind{judge.UnknownOrder}, clinic.Kinds(r))
	require.Greater(t, r.Counts[judge.UnknownOrder], 10, "fewer would be repaired")
	require.Less(t, r.Counts[judge.UnknownOrder], lost)
	require.Len(t, r.Unasked, 1)
	require.Equal(t, "catalog", r.Unasked[0].Service)
	require.Contains(t, r.Unasked[0].Error, "older backup")
}

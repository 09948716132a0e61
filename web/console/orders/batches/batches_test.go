package batches

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/web/console/batch"
	"github.com/amends/amends/web/console/visit"
	"github.com/amends/amends/web/console/words"
)

// admin knows everybody as an operator, and one order that can be nudged. It keeps who asked
// for repairs, and who only tried them.
type admin struct{ repairs []string }

func (a *admin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	bearer := r.Header.Get("Authorization")
	switch {
	case r.URL.Path == "/v1/operator":
		_ = json.NewEncoder(w).Encode(contract.Operator{Name: bearer, Role: contract.RoleOperator})
	case r.Method == http.MethodPost:
		var in contract.RepairOrder
		_ = json.NewDecoder(r.Body).Decode(&in)
		if words.Deref(in.DryRun) {
			bearer += ", dry run"
		}
		a.repairs = append(a.repairs, bearer)
		_ = json.NewEncoder(w).Encode(contract.OperatorsOrder{Status: "PENDING"})
	default:
		_ = json.NewEncoder(w).Encode(contract.OperatorsOrder{Status: "PENDING", Actions: &[]contract.AllowedAction{{Action: contract.AllowNudge}}})
	}
}

// visitOf returns the visit of a person who has signed in.
func visitOf(t *testing.T, s *visit.Site, secret string) *visit.Visit {
	t.Helper()
	w, r := httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/console/batches", http.NoBody)
	who, err := s.Sessions.WithSecret(w, r, secret)
	require.NoError(t, err)
	return &visit.Visit{Site: s, W: w, R: r, Who: who}
}

func TestABatchActsInTheNameOfASessionThatIsOpen(t *testing.T) {
	t.Parallel()
	api, now := &admin{}, time.Now()
	s := visit.NewSite(visit.Config{Admin: api, API: api, Now: func() time.Time { return now }}, nil, nil)
	ann, bob := visitOf(t, s, "ann's"), visitOf(t, s, "bob's")
	do := func(v *visit.Visit) error {
		state, _, err := inName(v, batch.Batch{Action: "nudge", Reason: "they are back"}).Do(t.Context(), "1")
		require.Equal(t, err == nil, state == batch.Done)
		return err
	}
	require.NoError(t, do(ann))
	s.Sessions.Forget(ann.Who)
	require.ErrorIs(t, do(ann), batch.ErrEnded, "she has signed out")
	require.NoError(t, do(bob))
	require.Equal(t, []string{"Bearer ann's", "Bearer bob's"}, api.repairs)

	now = now.Add(time.Hour)
	require.ErrorIs(t, do(bob), batch.ErrEnded, "he has left")
	require.Len(t, api.repairs, 2)
}

// TestADryRunStaysOne when another person resumes it.
func TestADryRunStaysOne(t *testing.T) {
	t.Parallel()
	api := &admin{}
	s := visit.NewSite(visit.Config{Admin: api, API: api, Now: time.Now}, nil, nil)
	b := s.Unkept.Start("ann", dryOf+"nudge", "are they back?", []string{"1"})
	bob := visitOf(t, s, "bob's")
	resumed, err := listOf(bob, b.ID).Add(t.Context(), b.ID, batch.Note{State: batch.Resumed})
	require.NoError(t, err)
	state, note, err := inName(bob, resumed).Do(t.Context(), "1")
	require.NoError(t, err)
	require.Equal(t, batch.Done, state)
	require.Equal(t, "nothing was changed; it asks no step, and takes no flag down", note)
	require.Equal(t, []string{"Bearer bob's, dry run"}, api.repairs)
}

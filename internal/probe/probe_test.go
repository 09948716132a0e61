package probe_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/probe"
)

// get asks a probe's endpoint, and requires that it has it.
func get(t *testing.T, p probe.Probe, path string) (*httptest.ResponseRecorder, error) {
	t.Helper()
	for _, e := range p.Endpoints() {
		if e.Path == path {
			w := httptest.NewRecorder()
			return w, e.Serve(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
		}
	}
	require.Fail(t, "no endpoint", path)
	return nil, nil
}

func TestProbe(t *testing.T) {
	t.Parallel()

	t.Run("HasOnlyTheEndpointsOfItsProcess", func(t *testing.T) {
		t.Parallel()
		require.Len(t, probe.Probe{}.Endpoints(), 2)
		require.Len(t, probe.Probe{Metrics: http.NotFoundHandler(), Profiles: true}.Endpoints(), 6)
	})

	t.Run("IsHealthyWhateverItsReadinessIs", func(t *testing.T) {
		t.Parallel()
		p := probe.Probe{Ready: func(context.Context) error { return errors.New("no database") }}
		answer, err := get(t, p, "/healthz")
		require.NoError(t, err)
		require.Equal(t, "application/json", answer.Header().Get("Content-Type"))
		require.JSONEq(t, `{"status": "ok"}`, answer.Body.String())
	})

	t.Run("WarnsOfFaultsThatLeaveItReady", func(t *testing.T) {
		t.Parallel()
		warnings := []string{"this host's clock is 15m0s ahead of the engine's"}
		answer, err := get(t, probe.Probe{Warnings: func() []string { return warnings }}, "/readyz")
		require.NoError(t, err)
		require.JSONEq(t, `{"status": "ok", "warnings": ["this host's clock is 15m0s ahead of the engine's"]}`, answer.Body.String())

		warnings = nil
		answer, err = get(t, probe.Probe{Warnings: func() []string { return warnings }}, "/readyz")
		require.NoError(t, err)
		require.JSONEq(t, `{"status": "ok"}`, answer.Body.String())
	})

	t.Run("ShowsOfAnErrorOnlyAFaultsMessage", func(t *testing.T) {
		t.Parallel()
		for err, want := range map[error]string{
			errors.New("10.0.0.8 is down"): "Not ready.",
			fmt.Errorf("10.0.0.8: %w", fault.Errorf(fault.Transient, "MIGRATIONS", "the database has not been migrated")): "the database has not been migrated",
		} {
			_, got := get(t, probe.Probe{Ready: func(context.Context) error { return err }}, "/readyz")
			require.ErrorIs(t, got, err)
			require.Equal(t, fault.Unavailable, fault.CodeOf(got))
			require.Equal(t, want, fault.Of(got).Message)
		}
	})
}

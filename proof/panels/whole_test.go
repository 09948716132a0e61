//go:build whole

package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/proof/wait"
	"github.com/amends/amends/proof/whole"
)

var (
	binary = flag.String("binary", "", "the amends that runs; empty: it is built")
	during = flag.Duration("for", 4*time.Minute, "how long the platform takes orders")
	out    = flag.String("out", "", "the folder of the pictures; empty: they are not kept")
)

// absent are the panels that may be without data in a sound platform of one process.
var absent = map[string]string{
	"Certificates":          "it has none",
	"Clocks":                "one process has no other clock than the engine's",
	"Denied calls":          "none is denied",
	"Deprecated operations": "none is called",
	"Failed attempts":       "none fails",
	"Quotas":                "none is used up",
}

// TestWholeDashboards draws the dashboards of a platform that takes orders of both styles:
// every panel has data but those that tell of what did not happen. With -out it keeps the
// pictures.
func TestWholeDashboards(t *testing.T) {
	t.Parallel()
	bin := *binary
	if bin == "" {
		bin = whole.Build(t)
	}
	p := whole.New(bin, t.TempDir())
	p.Joined(t, []string{"AMENDS_SAGA_PARK_AFTER=5s", "AMENDS_DOCTOR_EVERY=30s", "AMENDS_DOCTOR_PAUSE=1s"})
	o := options{prometheus: watch(t, p.Admin["platform"]), dashboards: folder, out: *out, past: *during}
	if o.out == "" {
		o.out = t.TempDir()
	}
	shop(t, p)

	var told strings.Builder
	o.to = time.Now()
	require.NoError(t, run(t.Context(), o, &told))
	t.Log(told.String())
	for _, m := range regexp.MustCompile(`without data: (.*)`).FindAllStringSubmatch(told.String(), -1) {
		for title := range strings.SplitSeq(m[1], ", ") {
			require.True(t, title == "" || absent[title] != "", "%s has no data", title)
		}
	}
}

// watch starts a Prometheus that scrapes a process, and returns its address.
func watch(t *testing.T, admin string) string {
	t.Helper()
	rules, err := filepath.Abs("../../deploy/observability/prometheus/alerts.yaml")
	require.NoError(t, err)
	dir, address := t.TempDir(), whole.Address(t)
	config := fmt.Sprintf(`{global: {scrape_interval: 5s, evaluation_interval: 5s}, rule_files: [%q], scrape_configs: [{job_name: amends,
		static_configs: [{targets: [%q], labels: {process: platform}}]}]}`, rules, admin)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "prometheus.yaml"), []byte(config), 0o600))
	cmd := exec.CommandContext(t.Context(), "prometheus", "--config.file="+filepath.Join(dir, "prometheus.yaml"),
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address)
	cmd.Stderr = t.Output()
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // or it has ended
		_ = cmd.Wait()         // its files are the test's
	})
	require.NoError(t, wait.Until(t.Context(), "Prometheus is ready", func() bool { return wait.Answers(t.Context(), "http://"+address+"/-/ready") }))
	return "http://" + address
}

// shop places orders of both styles for a while; the first one is flagged for two minutes.
func shop(t *testing.T, p *whole.Platform) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), *during)
	defer cancel()
	tokens := []string{"tok_unknown", "tok_visa", "tok_visa", "tok_declined", "tok_visa"}
	for n := 0; wait.For(ctx, time.Second) == nil; n++ {
		place := p.Place
		if n%2 == 1 {
			place = p.PlaceChoreographed
		}
		token := "tok_visa"
		if n < len(tokens) {
			token = tokens[n]
		}
		_, err := place(ctx, token)
		require.NoError(t, err)
	}
}

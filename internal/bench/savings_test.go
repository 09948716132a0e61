package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/amends/amends/deploy"
	"github.com/amends/amends/internal/bench/report"
	"github.com/amends/amends/internal/bench/rig"
)

// keys returns the keys of a dynamic configuration.
func keys(t *testing.T, text []byte) map[string]any {
	t.Helper()
	var all map[string]any
	require.NoError(t, yaml.Unmarshal(text, &all))
	return all
}

func TestSettingsTakeBackWhatIsThere(t *testing.T) {
	t.Parallel()
	own := keys(t, deploy.DynamicConfig)
	taken := map[string]int{ // of the dynamic configuration
		"engine: queues polled 20 times a second at most":     2,
		"engine: one write at a time for each shard":          1,
		"engine: four partitions for each task queue":         2,
		"engine: ended sagas and their events kept in memory": 4,
	}
	for _, s := range settings {
		var o rig.Options
		s.without(&o)
		require.NotEqual(t, rig.Options{}, o, s.name)
		require.Equal(t, s.engine, o.Shards != 0 || o.DynamicConfig != nil, "%s: floor-n has what is the engine's", s.name)
		if o.DynamicConfig == nil {
			continue
		}
		left := keys(t, o.DynamicConfig)
		require.Len(t, left, len(own)-taken[s.name], "%s: a key that is misspelt stays", s.name)
		for key, value := range left {
			require.Equal(t, own[key], value, s.name)
		}
	}
}

func TestUndoneLeavesOutOneKey(t *testing.T) {
	t.Parallel()
	var o rig.Options
	undone("history.shardIOConcurrency")(&o)
	left := keys(t, o.DynamicConfig)
	require.NotContains(t, left, "history.shardIOConcurrency")
	require.Len(t, left, len(keys(t, deploy.DynamicConfig))-1)
}

// A patch that no longer applies would be seen only by who measures again.
func TestPatchesApply(t *testing.T) {
	t.Parallel()
	patches, err := filepath.Glob("without/*.patch")
	require.NoError(t, err)
	require.NotEmpty(t, patches)
	for _, patch := range patches {
		text, err := os.ReadFile(patch)
		require.NoError(t, err)
		name, _, _ := strings.Cut(string(text), "\n")
		require.NotEmpty(t, name, "the first line names the row of the table")
		require.NotContains(t, name, "=")
		apply := exec.CommandContext(t.Context(), "git", "apply", "--check", "-")
		apply.Dir, apply.Stdin = "../..", bytes.NewReader(text)
		said, err := apply.CombinedOutput()
		require.NoError(t, err, "%s: %s", patch, said)
	}
}

func TestListBeginsAndEndsWithThePlatformAsItIs(t *testing.T) {
	t.Parallel()
	names := func(s savings) (names []string) {
		list, err := s.list()
		require.NoError(t, err)
		for _, one := range list {
			names = append(names, one.name)
		}
		return names
	}
	all := names(savings{})
	require.Len(t, all, len(settings)+2)
	require.Equal(t, []string{asItIs, asItIs}, []string{all[0], all[len(all)-1]})
	require.Equal(t, []string{asItIs, "one poll open instead of 4", "gRPC compressed", asItIs},
		names(savings{builds: []string{"gRPC compressed=/x", "other=/y"}, only: []string{"gRPC", "one poll"}}))

	require.EqualError(t, run(t.Context(), []string{"savings", "--build", "nothing"}, io.Discard, io.Discard), `build: "nothing" must be NAME=FOLDER`)
}

// tinySavings returns a run that says nothing, but runs like one that does.
func tinySavings(t *testing.T) savings {
	t.Helper()
	return savings{
		options: tiny(t, onPostgres), concurrency: 2,
		pacing: pacing{rounds: 1, duration: time.Second, warm: 500 * time.Millisecond},
	}
}

func TestMeasuresWithoutASaving(t *testing.T) {
	t.Parallel()
	s := tinySavings(t)
	var say bytes.Buffer
	result, facts, err := s.without(within(t, 5*time.Minute), saving{name: "anew", without: executed("exec")}, &say)
	require.NoError(t, err, "%s", &say)
	require.NotEmpty(t, facts)
	require.Empty(t, result.naive, "it is nothing of the engine's")
	require.Len(t, result.order, 1)
	require.Positive(t, result.order[0][report.EngineWritten])
}

// What a platform that knows its settings refuses has reached it.
func TestWhatIsTakenBackReachesThePlatform(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		saving
		want string
	}{
		"Setting":    {saving{without: setting("AMENDS_WORKER_MIN_POLLERS=0")}, "worker.min_pollers: must be from 1 to 1000"},
		"Connection": {saving{without: executed("nonsense")}, "malformed DSN"},
		"Build":      {saving{bin: "/nowhere"}, "/nowhere/amends"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := tinySavings(t)
			_, _, err := s.without(within(t, 5*time.Minute), tt.saving, io.Discard)
			require.ErrorContains(t, err, tt.want)
		})
	}
}

func TestTableSaysHowMuchOfThePlatformAsItIs(t *testing.T) {
	t.Parallel()
	table := sparedTable([]spared{
		{saving: saving{name: asItIs}, order: report.Series{{report.EngineTx: 50}}, naive: report.Series{{report.EngineTx: 80, report.CPU: 9}}},
		{saving: saving{name: "without"}, order: report.Series{{report.EngineTx: 75}}},
	}).Markdown()
	require.Contains(t, table, "| as it is | 50.0 | – | – | – | – | 80.0 | 9.00 |")
	require.Contains(t, table, "| without | 75.0 (1.50) | – | – | – | – | – | – |")
}

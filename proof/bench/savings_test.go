package main

import (
	"bytes"
	"io"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/amends/amends/deploy"
	"github.com/amends/amends/proof/bench/report"
	"github.com/amends/amends/proof/bench/rig"
)

// keys returns the keys of a dynamic configuration.
func keys(t *testing.T, text []byte) map[string]any {
	t.Helper()
	var all map[string]any
	require.NoError(t, yaml.Unmarshal(text, &all))
	return all
}

func TestSettingsRevertSavingsThatExist(t *testing.T) {
	t.Parallel()
	own := keys(t, deploy.DynamicConfig)
	taken := map[string]int{ // of the dynamic configuration
		"queues polled 20 times a second at most":     2,
		"one write at a time for each shard":          1,
		"four partitions for each task queue":         2,
		"ended sagas and their events kept in memory": 4,
	}
	for _, s := range settings {
		var o rig.Options
		require.NotEqual(t, s.platform == nil, s.engine == nil, "%s: is either's", s.name)
		if s.engine == nil {
			s.platform(&o.Platform)
			require.NotEqual(t, rig.Platform{}, o.Platform, s.name)
			continue
		}
		s.engine(&o)
		require.NotEqual(t, rig.Options{}, o, s.name)
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

func TestCommandLineCanBeRunAgain(t *testing.T) {
	t.Parallel()
	require.Equal(t, `bench savings --build 'no limit of a step'\''s time=bin/x' --write '' --rounds 3`,
		commandLine([]string{"/somewhere/bench", "savings", "--build", "no limit of a step's time=bin/x", "--write", "", "--rounds", "3"}))
}

func TestListsBeginAndEndWithThePlatformAsItIs(t *testing.T) {
	t.Parallel()
	names := func(s savings) (both [2][]string) {
		platform, engine, err := s.list()
		require.NoError(t, err)
		for i, list := range [][]saving{platform, engine} {
			for _, one := range list {
				both[i] = append(both[i], one.name)
			}
		}
		return both
	}
	all := names(savings{})
	require.Len(t, slices.Concat(all[0], all[1]), len(settings)+4)
	for _, list := range all {
		require.Equal(t, []string{asItIs, asItIs}, []string{list[0], list[len(list)-1]})
	}
	require.Equal(t, [2][]string{{asItIs, "one poll open instead of 4", "gRPC compressed", asItIs}},
		names(savings{builds: []string{"gRPC compressed=/x", "other=/y"}, only: []string{"gRPC", "one poll"}}))
	require.Equal(t, [2][]string{1: {asItIs, "4 history shards instead of 32", asItIs}}, names(savings{only: []string{"4 history"}}))

	require.EqualError(t, run(t.Context(), []string{"savings", "--build", "nothing"}, io.Discard, io.Discard), `build: "nothing" must be NAME=FOLDER`)
}

// tinySavings returns a run that works like a real one, without meaningful
// figures.
func tinySavings(t *testing.T) savings {
	t.Helper()
	return savings{
		options: tiny(t, onPostgres), concurrency: 2,
		pacing: pacing{rounds: 1, duration: time.Second, warm: 500 * time.Millisecond},
	}
}

func TestMeasuresWithoutASavingOfThePlatform(t *testing.T) {
	t.Parallel()
	s := tinySavings(t)
	s.rounds, s.only = 2, []string{"statements"}
	var out, say bytes.Buffer
	require.NoError(t, s.run(within(t, 15*time.Minute), &out, &say), "%s", &say)
	page := s.page(t)
	require.Regexp(t, `(?s)The platform's.*\n\| as it is \|.*\n\| statements prepared anew each time \| -?\d.*\n\| as it is \|`, page)
	require.NotContains(t, page, "The engine's", "nothing of it was asked for")
	var rounds []string
	for _, m := range regexp.MustCompile(`(?m)^(\w).*, round (\d)`).FindAllStringSubmatch(say.String(), -1) {
		rounds = append(rounds, m[2]+m[1])
	}
	require.Equal(t, []string{"1a", "1s", "1a", "2s", "2a", "2a"}, rounds, "in turn, and not always after the same")
}

func TestMeasuresWithoutASavingOfTheEngine(t *testing.T) {
	t.Parallel()
	s := tinySavings(t)
	var say bytes.Buffer
	result, facts, err := s.apart(within(t, 15*time.Minute), saving{name: "shards", engine: shards(4)}, &say)
	require.NoError(t, err, "%s", &say)
	require.NotEmpty(t, facts)
	require.Len(t, result.Rounds, 1)
	require.Equal(t, "shards", result.Name)
	require.Positive(t, result.Rounds[0][report.EngineWritten])
}

// A setting has reached the platform if the platform refuses a bad value of it.
func TestARevertedSavingReachesThePlatform(t *testing.T) {
	t.Parallel()
	s := tinySavings(t)
	s.alone = true
	ctx := within(t, 15*time.Minute)
	r, stop, err := s.start(ctx, onPostgres)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stop()) })
	complete := r.Platform()
	for _, c := range []struct {
		without func(*rig.Platform)
		want    string
	}{
		{setting("AMENDS_WORKER_MIN_POLLERS=0"), "worker.min_pollers: must be from 1 to 1000"},
		{setting("AMENDS_SAGA_EXPRESS=perhaps"), "saga.express: must be"},
		{executed("nonsense"), "malformed DSN"},
		{built("/nowhere"), "/nowhere/amends"}, // last: it starts no process
	} {
		without := func(p *rig.Platform) {
			*p = complete // not the one that was refused before
			c.without(p)
		}
		_, err := s.turns(ctx, r, []saving{{platform: without}}, io.Discard)
		require.ErrorContains(t, err, c.want)
	}
}

func TestTableSaysHowMuchOfThePlatformAsItIs(t *testing.T) {
	t.Parallel()
	table := sparedTable([]report.Contender{
		{Name: asItIs, Rounds: report.Series{{report.EngineTx: 40}}},
		{Name: "without", Rounds: report.Series{{report.EngineTx: 75}}},
		{Name: asItIs, Rounds: report.Series{{report.EngineTx: 60, report.CPU: 9}}},
	}).Markdown()
	require.Contains(t, table, "| as it is | 40.0 (0.80) | – | – | – | – | – | – | – |")
	require.Contains(t, table, "| without | 75.0 (1.50) | – | – | – | – | – | – | – |", "of both together")
	require.Contains(t, table, "| as it is | 60.0 (1.20) | – | – | – | – | 9.00 (1.00) | – | – | – |")
}

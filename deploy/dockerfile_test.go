package deploy

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// instruction is one line of a Dockerfile.
type instruction struct{ word, args string }

// instructions parses a Dockerfile. An instruction that is not listed here fails.
func instructions(t *testing.T, path string) []instruction {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)

	var all []instruction
	for line := range strings.SplitSeq(strings.ReplaceAll(string(text), "\\\n", " "), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		word, args, ok := strings.Cut(line, " ")
		require.True(t, ok, line)
		require.Contains(t, []string{"FROM", "WORKDIR", "COPY", "RUN", "USER", "EXPOSE", "ENTRYPOINT"}, word)
		all = append(all, instruction{word, strings.TrimSpace(args)})
	}
	return all
}

// stages splits a Dockerfile at its FROMs.
func stages(t *testing.T, path string) [][]instruction {
	t.Helper()
	var all [][]instruction
	for _, in := range instructions(t, path) {
		if in.word == "FROM" {
			all = append(all, nil)
		}
		require.NotEmpty(t, all, "%s before FROM", in.word)
		all[len(all)-1] = append(all[len(all)-1], in)
	}
	return all
}

func find(t *testing.T, stage []instruction, word string) string {
	t.Helper()
	i := slices.IndexFunc(stage, func(in instruction) bool { return in.word == word })
	require.NotEqual(t, -1, i, "no %s", word)
	return stage[i].args
}

func TestImage(t *testing.T) {
	t.Parallel()

	all := stages(t, "Dockerfile")
	require.Len(t, all, 2, "one stage builds, one is shipped")
	built, shipped := all[0], all[1]

	t.Run("IsBuiltWithTheGoOfTheModule", func(t *testing.T) {
		t.Parallel()
		mod, err := os.ReadFile("../go.mod")
		require.NoError(t, err)
		version := regexp.MustCompile(`(?m)^go (\S+)$`).FindStringSubmatch(string(mod))
		require.NotNil(t, version)
		require.Equal(t, "golang:"+version[1]+"-bookworm AS build", find(t, built, "FROM"))
	})

	t.Run("IsStatic", func(t *testing.T) {
		t.Parallel()
		require.True(t, slices.ContainsFunc(built, func(in instruction) bool {
			return in.word == "RUN" && strings.HasPrefix(in.args, "CGO_ENABLED=0 go build -trimpath ") && strings.HasSuffix(in.args, " ./cmd/amends")
		}))
	})

	t.Run("HoldsNothingElse", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, "scratch", find(t, shipped, "FROM"))
		for _, in := range shipped {
			require.NotEqual(t, "RUN", in.word, "there is nothing to run it with")
			if in.word == "COPY" {
				require.True(t, strings.HasPrefix(in.args, "--from=build "), in.args)
			}
		}
	})

	t.Run("DoesNotRunAsRoot", func(t *testing.T) {
		t.Parallel()
		require.Regexp(t, `^[1-9]\d*:[1-9]\d*$`, find(t, shipped, "USER"))
	})

	t.Run("GetsSignalsItself", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, `["/amends"]`, find(t, shipped, "ENTRYPOINT"), "a shell in between would keep SIGTERM")
	})

	t.Run("LeavesSecretsAndStateOutOfTheBuild", func(t *testing.T) {
		t.Parallel()
		text, err := os.ReadFile("Dockerfile.dockerignore")
		require.NoError(t, err)
		for _, path := range []string{".git", ".amends", "bin"} {
			require.Contains(t, strings.Split(string(text), "\n"), path)
		}
	})
}

package secrets_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/identity/secrets"
)

const (
	hidden = "hunter2hunter2hunter2"
	pairs  = "order=" + hidden + ",api=another-secret-0123"
)

func TestASecretMatchesItsCallerOnly(t *testing.T) {
	t.Parallel()
	s, err := secrets.Parse(pairs)
	require.NoError(t, err)
	require.True(t, s.Match("order", hidden))
	for _, c := range [][2]string{{"api", hidden}, {"order", ""}, {"order", hidden + "x"}, {"order", hidden[1:]}, {"stranger", ""}, {"", ""}, {"stranger", hidden}} {
		require.False(t, s.Match(c[0], c[1]), "%q %q", c[0], c[1])
	}
	require.False(t, secrets.Secrets{}.Match("", ""))
}

func TestASecretIsNeverShown(t *testing.T) {
	t.Parallel()
	s, err := secrets.Parse(pairs)
	require.NoError(t, err)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secrets", s)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "secrets", s)
	wire, err := json.Marshal(s)
	require.NoError(t, err)
	for _, shown := range []string{log.String(), string(wire), fmt.Sprintf("%v %+v %#v %s %q", s, s, s, s, s)} {
		require.NotContains(t, shown, hidden)
		require.Contains(t, shown, "order")
	}
}

func TestParseRefusesWithoutShowingAnEntry(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		hidden:                                  "entry 1 is not name=secret",
		"=" + hidden:                            "entry 1 is not name=secret",
		"Order=" + hidden:                       "entry 1 is not name=secret",
		"order=hunter2":                         "the secret of entry 1 is not 16 to 256",
		"order=" + hidden + " x":                "the secret of entry 1 is not 16 to 256",
		"order=" + hidden + ",order=x" + hidden: "entry 2 has the name of an earlier one",
		"order=" + hidden + ",,\n payment=" + hidden: "entry 2 has the secret of an earlier one",
	} {
		_, err := secrets.Parse(text)
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "hunter2")
	}
}

func TestKeepMakesEachSecretOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secrets")
	first, err := secrets.Keep(path, "order", "api")
	require.NoError(t, err)
	of, known := first.Of("order")
	require.True(t, known)
	require.GreaterOrEqual(t, len(of), 16)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	second, err := secrets.Keep(path, "order", "api", "payment")
	require.NoError(t, err)
	require.True(t, second.Match("order", of))
	read, err := secrets.Read(path)
	require.NoError(t, err)
	require.Equal(t, "api, order, payment", read.String())
}

func TestReadRefusesAFileThatOthersMayRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secrets")
	require.NoError(t, os.WriteFile(path, []byte(pairs), 0o600))
	_, err := secrets.Read(path)
	require.NoError(t, err)
	require.NoError(t, os.Chmod(path, 0o640))
	_, err = secrets.Read(path)
	require.ErrorContains(t, err, "may be read by others")
	_, err = secrets.Keep(path, "payment")
	require.Error(t, err)
}

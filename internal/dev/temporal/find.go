package temporal

import (
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/semver"
)

// MinVersion is the oldest Temporal CLI whose dev server is tested with amends, and
// MinDriver the oldest SQLite driver in it: with an older one the dev server stops
// answering after a burst on a slow machine. scripts/temporal-cli pins both for
// `make build`.
const (
	MinVersion = "v1.5.1"
	MinDriver  = "v1.51.0"

	driver = "modernc.org/sqlite"
)

// versionTimeout bounds `temporal --version`, which takes about 50 ms.
const versionTimeout = 5 * time.Second

// Find returns the path of the Temporal CLI: explicit if it is set, otherwise the
// one beside this executable, where `make build` puts it, otherwise the one on
// PATH. A CLI older than [MinVersion] is an error if it is explicit, and skipped
// otherwise; one with a driver older than [MinDriver] is skipped unless it is explicit.
func Find(ctx context.Context, explicit string) (string, error) {
	if explicit != "" {
		if err := usable(ctx, explicit); err != nil {
			return "", fmt.Errorf("temporal_bin: %w", err)
		}
		return explicit, nil
	}
	var reasons []string
	if self, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(self), "temporal")
		if err := sound(ctx, beside); err == nil {
			return beside, nil
		} else if !errors.Is(err, os.ErrNotExist) {
			reasons = append(reasons, err.Error())
		}
	}
	if found, err := exec.LookPath("temporal"); err == nil {
		if err = sound(ctx, found); err == nil {
			return found, nil
		}
		reasons = append(reasons, err.Error())
	}
	const advice = "no Temporal CLI of at least " + MinVersion + " beside amends or on PATH: run `make build`, or name one with --temporal-bin"
	if len(reasons) > 0 {
		return "", fmt.Errorf("%s (%s)", advice, strings.Join(reasons, "; "))
	}
	return "", errors.New(advice)
}

// sound returns nil if bin is [usable] and its driver is at least [MinDriver].
func sound(ctx context.Context, bin string) error {
	if err := usable(ctx, bin); err != nil {
		return err
	}
	info, err := buildinfo.ReadFile(bin)
	if err != nil {
		return fmt.Errorf("%s does not tell its SQLite driver: %w", bin, err)
	}
	i := slices.IndexFunc(info.Deps, func(m *debug.Module) bool { return m.Path == driver })
	if i < 0 {
		return fmt.Errorf("%s does not tell its SQLite driver", bin)
	}
	if got := info.Deps[i].Version; semver.Compare(got, MinDriver) < 0 {
		return fmt.Errorf("%s has the SQLite driver %s, older than %s", bin, got, MinDriver)
	}
	return nil
}

// usable returns nil if bin is a CLI of at least [MinVersion].
func usable(ctx context.Context, bin string) error {
	if _, err := os.Stat(bin); err != nil {
		return fmt.Errorf("%s: %w", bin, errors.Unwrap(err))
	}
	version, err := Version(ctx, bin)
	if err != nil {
		return err
	}
	if semver.Compare(version, MinVersion) < 0 {
		return fmt.Errorf("%s is %s, older than %s", bin, version, MinVersion)
	}
	return nil
}

var versionText = regexp.MustCompile(`^temporal version (\d+\.\d+\.\d+\S*)`)

// Version returns the version of a Temporal CLI, such as v1.5.1. A CLI built by
// `go install` prints no version; Version reads its build information instead.
func Version(ctx context.Context, bin string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, versionTimeout)
	defer cancel()
	out, err := exec.CommandContext(ctx, bin, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("%s --version: %w", bin, err)
	}
	match := versionText.FindStringSubmatch(strings.TrimSpace(string(out)))
	if match == nil {
		return "", fmt.Errorf("%s is not a Temporal CLI", bin)
	}
	if match[1] != "0.0.0-DEV" {
		return "v" + match[1], nil
	}
	info, err := buildinfo.ReadFile(bin)
	if err != nil || !semver.IsValid(info.Main.Version) {
		return "", fmt.Errorf("%s is a development build of unknown version", bin)
	}
	return info.Main.Version, nil
}

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
	"strings"
	"time"

	"golang.org/x/mod/semver"
)

// MinVersion is the oldest Temporal CLI whose dev server is tested with amends.
// scripts/lib.sh pins the version that `make build` builds.
const MinVersion = "v1.5.1"

// versionTimeout bounds `temporal --version`, which takes about 50 ms.
const versionTimeout = 5 * time.Second

// Find returns the path of the Temporal CLI: explicit if it is set, otherwise the
// one beside this executable, where `make build` puts it, otherwise the one on
// PATH. A CLI older than [MinVersion] is an error if it is explicit, and skipped
// otherwise.
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
		if err := usable(ctx, beside); err == nil {
			return beside, nil
		} else if !errors.Is(err, os.ErrNotExist) {
			reasons = append(reasons, err.Error())
		}
	}
	if found, err := exec.LookPath("temporal"); err == nil {
		if err = usable(ctx, found); err == nil {
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

package main

import (
	"cmp"
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/amends/amends/internal/dev/temporal"
	"github.com/amends/amends/internal/dev/temporalserver"
	"github.com/amends/amends/proof/bench/rig"
)

// machine describes the machine, the binaries and the configuration of a run.
func (o *options) machine(ctx context.Context, r *rig.Rig, engine string) ([][2]string, error) {
	info, err := buildinfo.ReadFile(filepath.Join(o.bin, "amends"))
	if err != nil {
		return nil, fmt.Errorf("amends: %w", err)
	}
	postgres, err := r.Version(ctx)
	if err != nil {
		return nil, err
	}
	server := "Temporal server " + temporalserver.Version
	if engine == onDev {
		version, err := temporal.Version(ctx, filepath.Join(o.bin, "temporal"))
		if err != nil {
			return nil, err
		}
		server = "dev server of Temporal CLI " + version + " on SQLite"
	}
	commits := "wait for the disk (fsync on)"
	if !o.fsync {
		commits = "do not wait for the disk (fsync off)"
	}
	return [][2]string{
		{"date", time.Now().UTC().Format("2006-01-02 15:04 MST")},
		{"command", "`" + commandLine(os.Args) + "`"},
		{"commit", cmp.Or(commit(ctx, info), "unknown")},
		{"machine", fmt.Sprintf("%d cores (%s), %s RAM, %s", runtime.NumCPU(), cpuModel(), memory(), system())},
		{"versions", fmt.Sprintf("%s, Temporal SDK %s, %s, PostgreSQL %s", info.GoVersion, dependency(info, "go.temporal.io/sdk"), server, postgres)},
		{"commits of PostgreSQL", commits},
	}, nil
}

// commandLine returns a command as a shell takes it.
func commandLine(args []string) string {
	words := []string{filepath.Base(args[0])}
	for _, arg := range args[1:] {
		if arg == "" || strings.ContainsAny(arg, " '") {
			arg = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
		words = append(words, arg)
	}
	return strings.Join(words, " ")
}

// commit is the commit of a binary: from its build information, or, without that,
// the commit that is checked out here.
func commit(ctx context.Context, info *buildinfo.BuildInfo) string {
	revision, changed := "", false
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			revision = s.Value
		case "vcs.modified":
			changed = s.Value == "true"
		}
	}
	if revision == "" {
		revision = git(ctx, "rev-parse", "HEAD")
		changed = git(ctx, "status", "--porcelain", "--untracked-files=no") != ""
	}
	revision = revision[:min(12, len(revision))]
	if changed {
		return revision + ", with changes"
	}
	return revision
}

// git returns the output of git, "" if it fails.
func git(ctx context.Context, args ...string) string {
	said, err := exec.CommandContext(ctx, "git", args...).Output() //nolint:gosec // the arguments are ours
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(said))
}

func dependency(info *buildinfo.BuildInfo, path string) string {
	for _, d := range info.Deps {
		if d.Path == path {
			return d.Version
		}
	}
	return "unknown"
}

// value returns the value of a name in a file of lines such as NAME: value.
func value(file, name, separator string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(text)) {
		if key, v, ok := strings.Cut(line, separator); ok && strings.TrimSpace(key) == name {
			return strings.Trim(strings.TrimSpace(v), `"`)
		}
	}
	return "unknown"
}

func cpuModel() string { return value("/proc/cpuinfo", "model name", ":") }

// memory is the machine's, in GiB.
func memory() string {
	kib, err := strconv.ParseFloat(strings.TrimSuffix(value("/proc/meminfo", "MemTotal", ":"), " kB"), 64)
	if err != nil {
		return "unknown"
	}
	return fmt.Sprintf("%.0f GiB", kib/kibPerGiB)
}

const kibPerGiB = 1 << 20

// system is the operating system and its kernel.
func system() string {
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return runtime.GOOS
	}
	return fmt.Sprintf("%s, Linux %s", value("/etc/os-release", "PRETTY_NAME", "="), strings.TrimSpace(string(release)))
}

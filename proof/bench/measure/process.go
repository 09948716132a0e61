// Package measure reads counters of costs: of processes (from Linux's /proc),
// PostgreSQL servers, Go programs (from their metrics), workflows (from their
// histories). A cost is the difference of two readings.
package measure

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tick is the unit of times in /proc: USER_HZ, which is 100 on every architecture
// that Go and Linux share.
const tick = time.Second / 100

// Process is the resources that a process and all its descendants have used.
type Process struct {
	// CPU is user and system time, with that of children which have ended.
	CPU time.Duration
	// Resident is their memory, shared pages counted for each.
	Resident int64
	// Own is the private part of it, without files.
	Own int64
	// Sockets is how many they have open.
	Sockets int
}

// stat is the entry of one process in /proc.
type stat struct {
	pid, parent int
	cpu         time.Duration
}

// ReadProcess reads the process and its descendants. A process that has ended is
// an error; a descendant that ends meanwhile is not.
func ReadProcess(pid int) (Process, error) {
	all, err := processes()
	if err != nil {
		return Process{}, err
	}
	tree := descendants(all, pid)
	if len(tree) == 0 {
		return Process{}, fmt.Errorf("process %d: %w", pid, os.ErrProcessDone)
	}
	var p Process
	for _, s := range tree {
		p.CPU += s.cpu
		resident, own, err := memory(s.pid)
		if err != nil && !gone(err) {
			return Process{}, err
		}
		sockets, err := sockets(s.pid)
		if err != nil && !gone(err) {
			return Process{}, err
		}
		p.Resident, p.Own, p.Sockets = p.Resident+resident, p.Own+own, p.Sockets+sockets
	}
	return p, nil
}

// processes lists every process of the machine.
func processes() ([]stat, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, errors.New("CPU time is read from /proc: this needs Linux")
	}
	var all []stat
	for _, file := range files {
		text, err := os.ReadFile(file)
		if gone(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		s, err := parseStat(string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		all = append(all, s)
	}
	return all, nil
}

// parseStat reads a line of /proc/PID/stat, see proc(5). The command's name may
// contain anything, so fields are counted from the last parenthesis.
func parseStat(line string) (stat, error) {
	open, end := strings.IndexByte(line, '('), strings.LastIndexByte(line, ')')
	if open < 0 || end < open {
		return stat{}, fmt.Errorf("not a stat line: %.80q", line)
	}
	fields := strings.Fields(line[end+1:]) // the third is the first of these
	if len(fields) < 15 {
		return stat{}, fmt.Errorf("not a stat line: %.80q", line)
	}
	s := stat{}
	var err error
	if s.pid, err = strconv.Atoi(strings.TrimSpace(line[:open])); err != nil {
		return stat{}, fmt.Errorf("not a stat line: %w", err)
	}
	if s.parent, err = strconv.Atoi(fields[4-3]); err != nil {
		return stat{}, fmt.Errorf("not a stat line: %w", err)
	}
	for i := 14; i <= 17; i++ { // utime, stime, and those of children that were waited for
		ticks, err := strconv.ParseInt(fields[i-3], 10, 64)
		if err != nil {
			return stat{}, fmt.Errorf("not a stat line: %w", err)
		}
		s.cpu += time.Duration(ticks) * tick
	}
	return s, nil
}

// descendants returns the process and all below it.
func descendants(all []stat, root int) []stat {
	var tree []stat
	in := map[int]bool{root: true}
	for grown := true; grown; {
		grown = false
		for _, s := range all {
			if in[s.parent] && !in[s.pid] {
				in[s.pid], grown = true, true
			}
		}
	}
	for _, s := range all {
		if in[s.pid] {
			tree = append(tree, s)
		}
	}
	return tree
}

// memory reads /proc/PID/status.
func memory(pid int) (resident, own int64, err error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return 0, 0, err
	}
	return field(string(text), "VmRSS"), field(string(text), "RssAnon"), nil
}

// field returns a size of a status file, in bytes; kernel threads have none.
func field(status, name string) int64 {
	for line := range strings.Lines(status) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			if err != nil {
				return 0
			}
			return kib << 10
		}
	}
	return 0
}

// sockets counts the open sockets of one process.
func sockets(pid int) (int, error) {
	dir := filepath.Join("/proc", strconv.Itoa(pid), "fd")
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, e := range entries {
		if to, err := os.Readlink(filepath.Join(dir, e.Name())); err == nil && strings.HasPrefix(to, "socket:") {
			n++
		}
	}
	return n, nil
}

// gone reports whether err says that a process has ended.
func gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH)
}

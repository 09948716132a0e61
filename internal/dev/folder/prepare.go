package folder

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Prepare makes dir, or takes it over: afterwards only its owner can enter it and read
// the files in it. They hold names, addresses and passwords, and an engine's histories
// too. It refuses a folder in which another user has, or may have put, anything: one
// that is a symbolic link, belongs to another user or can be replaced by one, or
// contains a link or another user's file. A repeat changes nothing.
func Prepare(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("data_dir: %w", err)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("data_dir: %w", err)
	}
	parent, err := os.Stat(filepath.Dir(dir))
	if err != nil {
		return fmt.Errorf("data_dir: %w", err)
	}
	if replaceable(parent) {
		return fmt.Errorf("data_dir: other users can write to %s, and replace the folder: take that right away, or choose another with --data-dir",
			filepath.Dir(dir))
	}
	if err := tighten(dir); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("data_dir: %w", err)
	}
	for _, e := range entries {
		if err := tighten(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// replaceable reports whether another user can rename the entries of a folder. In a
// sticky one, such as /tmp, only their owner can. The user's primary group is often the
// user's own: a umask of 002 relies on that.
func replaceable(parent fs.FileInfo) bool {
	mode := parent.Mode()
	if mode&fs.ModeSticky != 0 {
		return false
	}
	owner, ok := parent.Sys().(*syscall.Stat_t)
	group := mode.Perm()&0o020 != 0 && (!ok || int(owner.Gid) != os.Getegid())
	return group || mode.Perm()&0o002 != 0
}

// tighten takes the rights of everyone but the owner, who must be this user.
func tighten(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("data_dir: %w", err)
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return fmt.Errorf("data_dir: %s is a symbolic link: name its target, or choose another folder with --data-dir", path)
	case ok && int(owner.Uid) != os.Geteuid():
		return fmt.Errorf("data_dir: %s belongs to another user: choose another folder with --data-dir", path)
	case info.Mode().Perm()&0o077 == 0:
		return nil
	}
	if err := os.Chmod(path, info.Mode().Perm()&0o700); err != nil {
		return fmt.Errorf("data_dir: %w", err)
	}
	return nil
}

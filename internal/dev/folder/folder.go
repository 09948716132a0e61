// Package folder is for data folders of development servers: one process uses a
// folder at a time, and small files in it are replaced as a whole.
package folder

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// Lock locks dir for this process; until the caller closes the returned file,
// every other Lock of dir fails, also in this process. The kernel releases the
// lock when the process ends, however it ends, so no lock is ever stale.
func Lock(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock data folder: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = fmt.Errorf("data_dir: %s is in use by another amends; stop it, or choose another with --data-dir", dir)
		} else {
			err = fmt.Errorf("lock data folder: %w", err)
		}
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// InUse reports whether a process has locked dir.
func InUse(dir string) bool {
	f, err := os.Open(filepath.Join(dir, "lock"))
	if err != nil {
		return false
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	return f.Close() == nil && errors.Is(err, syscall.EWOULDBLOCK)
}

// Own reports whether path is a file of this user, which no other one may write to.
func Own(path string) bool {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || info.Mode().Perm()&0o022 != 0 {
		return false
	}
	owner, known := info.Sys().(*syscall.Stat_t)
	return known && int(owner.Uid) == os.Geteuid()
}

// Replace writes a file that only its owner may read: a reader, or the next start
// after a crash, finds the old content or the new one, never a part.
func Replace(path string, content []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // created with mode 0600
	if err != nil {
		return err
	}
	_, err = temporary.Write(content)
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary.Name()))
	}
	return nil
}

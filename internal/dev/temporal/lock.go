package temporal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// Lock makes dir this process's own. The kernel releases it when the process
// ends, however it ends, so there is no stale lock to clean up. The caller
// closes what it returns; until then another Lock of dir fails.
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

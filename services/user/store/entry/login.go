package entry

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/identity/token"
	"github.com/amends/amends/services/user"
	"github.com/amends/amends/services/user/secret"
	"github.com/amends/amends/services/user/store/failed"
	"github.com/amends/amends/services/user/store/rows"
)

// maxDevice is the longest name of a client that is kept, in characters.
const maxDevice = 200

// LogIn implements [user.Service]. An address without an account costs the same hash and
// the same statements as a wrong password.
func (s *Entry) LogIn(ctx context.Context, l user.Login) (user.Tokens, error) {
	login, err := user.Address(l.Email)
	if err != nil {
		return user.Tokens{}, user.NoMatch()
	}
	if err := s.broom.sweep(ctx, s.DB, s.Now()); err != nil {
		return user.Tokens{}, err
	}
	subject := s.Derived.Login(login)
	// Before the hash, which an attempt in vain must not cost.
	if err := failed.Check(s.DB.WithContext(ctx), subject, s.Now()); err != nil {
		return user.Tokens{}, database.Fault(err)
	}
	key, err := s.Signing.Current(ctx, s.Now())
	if err != nil {
		return user.Tokens{}, database.Fault(err)
	}
	for {
		opened, changed, err := s.try(ctx, l, login, subject)
		switch {
		case err != nil:
			return user.Tokens{}, err
		case changed: // by a change, or by another log-in that hashed it anew
		case opened == nil:
			return user.Tokens{}, user.NoMatch()
		default:
			return s.tokens(key, opened.account, opened.session, opened.refresh)
		}
	}
}

// try compares the password once, and decides unless it was changed meanwhile. No opening is a
// failure.
func (s *Entry) try(ctx context.Context, l user.Login, login, subject string) (opened *opening, changed bool, err error) {
	row, err := rows.Look(s.DB.WithContext(ctx), "login = ?", login)
	if err != nil {
		return nil, false, database.Fault(err)
	}
	same, old, err := s.Hasher.Compare(ctx, row.Password, l.Password)
	if err != nil {
		return nil, false, err
	}
	a := attempt{Login: l, login: login, subject: subject, same: same, compared: row.Password}
	if same && old {
		if a.rehashed, err = s.Hasher.Rehash(ctx, l.Password); err != nil {
			return nil, false, err
		}
	}
	err = database.InTx(ctx, s.DB, func(tx *gorm.DB) (err error) {
		opened, changed, err = s.decide(tx, a)
		return err
	})
	return opened, changed, err //nolint:wrapcheck // a fault
}

// attempt is a log-in whose password was compared.
type attempt struct {
	user.Login

	login, subject string
	same           bool
	compared       string // the hash
	rehashed       string // by the present policy; "": it is
}

// opening is a session that was opened.
type opening struct {
	account rows.Account
	session rows.Session
	refresh string
}

// decide opens a session, or counts a failure and returns none; if the password that matched was
// changed meanwhile, it only says so. Of attempts at the same time those behind too many failures
// are refused, whatever their password: a guess in parallel is worth no more than one after the
// other.
func (s *Entry) decide(tx *gorm.DB, a attempt) (opened *opening, changed bool, err error) {
	row, err := rows.Look(rows.Locking(tx), "login = ?", a.login)
	if err != nil {
		return nil, false, err
	}
	if err := failed.Lock(tx, a.subject, s.Now()); err != nil {
		return nil, false, err //nolint:wrapcheck // a fault, or it names the operation
	}
	if !a.same || row.Shut() {
		if err := failed.Add(tx, a.subject, s.Now()); err != nil {
			return nil, false, err //nolint:wrapcheck // it names the operation
		}
		return nil, false, s.Record(tx, row.ID, user.LoginFailed, "", "", "")
	}
	if row.Password != a.compared {
		return nil, true, nil
	}
	if err := failed.Clear(tx, a.subject); err != nil {
		return nil, false, err //nolint:wrapcheck // it names the operation
	}
	if a.rehashed != "" {
		if err := tx.Model(&row).UpdateColumn("password", a.rehashed).Error; err != nil {
			return nil, false, fmt.Errorf("hash the password anew: %w", err)
		}
	}
	opened, err = s.open(tx, row, a.Device)
	return opened, false, err
}

// open opens a session of an account that tx has locked.
func (s *Entry) open(tx *gorm.DB, row rows.Account, device string) (*opening, error) {
	if err := s.makeRoom(tx, row.ID); err != nil {
		return nil, err
	}
	id, err := rows.NewID()
	if err != nil {
		return nil, err
	}
	now, refresh := s.Now(), s.Derived.FirstRefresh(id)
	o := &opening{account: row, refresh: refresh, session: rows.Session{
		ID: id, Account: row.ID, Device: shortened(device), Generation: 1, Token: secret.Hash(refresh),
		RefreshedAt: now, CreatedAt: now, ExpiresAt: now.Add(user.SessionIdle),
	}}
	if err := tx.Create(&o.session).Error; err != nil {
		return nil, fmt.Errorf("open a session: %w", err)
	}
	if err := s.Record(tx, row.ID, user.LoggedIn, "", id, ""); err != nil {
		return nil, err
	}
	return o, outbox.Tell(tx, user.SessionOpenedFact.New(row.ID, "", user.SessionData{Account: row.ID, Session: id})) //nolint:wrapcheck // a fault, or the database's error
}

// makeRoom ends the least used sessions of an account that has as many as it may have.
func (s *Entry) makeRoom(tx *gorm.DB, account string) error {
	var found []rows.Session
	err := rows.Locking(tx).Where("account = ? AND ended_at IS NULL AND expires_at > ?", account, s.Now()).
		Order("refreshed_at DESC, id DESC").Offset(user.MaxSessions - 1).Limit(user.MaxSessions).Find(&found).Error
	if err != nil {
		return fmt.Errorf("list sessions: %w", err)
	}
	return s.End(tx, account, user.LoggedOut, found...)
}

// tokens returns those of a session.
func (s *Entry) tokens(key token.PrivateKey, account rows.Account, session rows.Session, refresh string) (user.Tokens, error) {
	now := s.Now()
	signed, err := token.Sign(key, token.Identity{
		Account: account.ID, Session: session.ID, Scopes: user.Role(account.Role).Scopes(),
	}, now)
	if err != nil {
		return user.Tokens{}, fault.Wrap(err, fault.Bug, fault.Internal, "the token cannot be signed")
	}
	return user.Tokens{
		Account: account.ID, Session: session.ID, Access: signed, AccessExpires: now.Add(token.Lifetime).Truncate(time.Second),
		Refresh: refresh, Expires: session.ExpiresAt.UTC(),
	}, nil
}

// shortened returns a client's name in the form that is kept.
func shortened(device string) string {
	clean := []rune{}
	for _, r := range device {
		if len(clean) == maxDevice {
			break
		}
		if r >= ' ' && r != 0x7f && r != '\ufffd' {
			clean = append(clean, r)
		}
	}
	return string(clean)
}

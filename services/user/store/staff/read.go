package staff

import (
	"context"
	"fmt"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/user"
	"github.com/amends/amends/services/user/store/rows"
)

// maxPage is the most records or mails of one answer.
const maxPage = 200

// Records implements [user.Service].
func (s *Staff) Records(ctx context.Context, account, before string, limit int) ([]user.Record, error) {
	if limit < 1 || limit > maxPage || account == "" {
		return nil, fault.Errorf(fault.Business, fault.Invalid, "a page has an account and 1 to %d records", maxPage)
	}
	query := s.DB.WithContext(ctx).Where("account = ?", account)
	if before != "" {
		query = query.Where("id < ?", before)
	}
	var found []rows.Record
	if err := query.Order("id DESC").Limit(limit).Find(&found).Error; err != nil {
		return nil, database.Fault(fmt.Errorf("read the records: %w", err))
	}
	all := make([]user.Record, len(found))
	for i, r := range found {
		all[i] = user.Record{ID: r.ID, At: r.At.UTC(), Event: user.Event(r.Event), By: r.ByWhom, About: r.About, Note: r.Note}
	}
	return all, nil
}

// Mail implements [user.Service].
func (s *Staff) Mail(ctx context.Context, id string) (user.Mail, error) {
	row, err := rows.MailBy(s.DB.WithContext(ctx), id)
	if err != nil {
		return user.Mail{}, database.Fault(err)
	}
	if row.UsedAt != nil || !row.ExpiresAt.After(s.Now()) || row.Template == string(rows.None) {
		return user.Mail{}, fault.Errorf(fault.Business, fault.NotFound, "there is no such mail, or it is worthless by now")
	}
	return s.mail(row), nil
}

func (s *Staff) mail(r rows.Mail) user.Mail {
	m := user.Mail{
		ID: r.ID, Account: r.Account, Template: user.Template(r.Template), To: r.Email, Name: r.Name, Locale: r.Locale,
		CreatedAt: r.CreatedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(),
	}
	switch m.Template {
	case user.ConfirmRegistration, user.ConfirmAddress, user.ResetPassword:
		m.Token = s.Derived.MailToken(r.ID)
	case user.AlreadyRegistered, user.AddressChanged, rows.None:
	}
	return m
}

// Mails implements [user.Service].
func (s *Staff) Mails(ctx context.Context, limit int) ([]user.Mail, error) {
	if limit < 1 || limit > maxPage {
		return nil, fault.Errorf(fault.Business, fault.Invalid, "a list has 1 to %d mails", maxPage)
	}
	var found []rows.Mail
	err := s.DB.WithContext(ctx).Where("expires_at > ? AND used_at IS NULL AND template <> ?", s.Now(), string(rows.None)).
		Order("id DESC").Limit(limit).Find(&found).Error
	if err != nil {
		return nil, database.Fault(fmt.Errorf("list mails: %w", err))
	}
	all := make([]user.Mail, len(found))
	for i, r := range found {
		all[i] = s.mail(r)
	}
	return all, nil
}

package policy

import "github.com/amends/amends/internal/identity"

// The services that call others.
const (
	catalog   = "catalog"
	inventory = "inventory"
	order     = "order"
	payment   = "payment"
	shipping  = "shipping"
	users     = "user"
	queries   = "query"
	mails     = "notification"
	anybody   = "*" // every caller with an identity
	gateway   = identity.Gateway
	operator  = identity.Operator
)

// Participant is the service whose methods run steps: a call of it is allowed by step.
const Participant = "amends.saga.v1.Participant"

// Row is one rule: these callers may call a method or take a step, and undo and settle
// it.
type Row struct {
	// Name is that of a method, package.Service/Method, or that of a step.
	Name string
	// From are the names of callers.
	From []string
}

// String returns the rule as a denial shows it.
func (r Row) String() string { return r.Name + " <- " + join(r.From) }

// Methods are the rules of typed methods. The gateway answers customers, and the commands
// of operators fill the shop and decide about accounts. Shipping reads addresses, and the
// gateway shows customers their own; only the notification service reads contacts. Mails
// have secrets. Health is open to every caller, because a
// connection is used only once its server is healthy; reflection is served in
// development only.
var Methods = []Row{
	{"amends.audit.v1.Auditor/Ask", []string{order}},
	{"amends.catalog.v1.Catalog/GetProduct", []string{gateway, operator}},
	{"amends.catalog.v1.Catalog/Import", []string{operator}},
	{"amends.catalog.v1.Catalog/ListProducts", []string{gateway, operator}},
	{"amends.event.v1.Owner/ListFacts", []string{queries, operator}},
	{"amends.inventory.v1.Inventory/Adjust", []string{operator}},
	{"amends.inventory.v1.Inventory/CheckStock", []string{gateway, operator}},
	{"amends.inventory.v1.Inventory/GetStock", []string{gateway, operator}},
	{"amends.inventory.v1.Inventory/ListReservations", []string{gateway}},
	{"amends.inventory.v1.Inventory/ReadJournal", []string{operator}},
	{"amends.inventory.v1.Inventory/Receive", []string{operator}},
	{"amends.letters.v1.Letters/Retry", []string{gateway}},
	{"amends.notification.v1.Notification/Lift", []string{operator}},
	{"amends.notification.v1.Notification/ListDeliveries", []string{gateway, operator}},
	{"amends.order.v1.Order/CheckUndecided", []string{users}},
	{"amends.order.v1.Order/Create", []string{gateway}},
	{"amends.order.v1.Order/Erase", []string{users, operator}},
	{"amends.order.v1.Order/Get", []string{gateway, operator}},
	{"amends.order.v1.Order/GetAddress", []string{gateway, shipping}},
	{"amends.order.v1.Order/GetContact", []string{mails}},
	{"amends.order.v1.Order/GetDestination", []string{shipping}},
	{"amends.order.v1.Order/GetPayable", []string{payment}},
	{"amends.order.v1.Order/GetWanted", []string{catalog, inventory}},
	{"amends.order.v1.Order/KeepContact", []string{gateway}},
	{"amends.order.v1.Order/ListRefunds", []string{gateway}},
	{"amends.order.v1.Order/RepairOrder", []string{gateway}},
	{"amends.order.v1.Order/Withdraw", []string{gateway}},
	{"amends.payment.v1.Payment/Get", []string{gateway, operator}},
	{"amends.payment.v1.Payment/ListPostings", []string{gateway}},
	{"amends.payment.v1.Payment/ListRefunds", []string{gateway, operator}},
	{"amends.query.v1.Query/Follow", []string{gateway, operator}},
	{"amends.query.v1.Query/GetOrder", []string{gateway, operator}},
	{"amends.query.v1.Query/GetTimeline", []string{gateway, operator}},
	{"amends.query.v1.Query/ListCategories", []string{gateway, operator}},
	{"amends.query.v1.Query/ListOrders", []string{gateway, operator}},
	{"amends.query.v1.Query/ListProducts", []string{gateway, operator}},
	{"amends.query.v1.Query/ListProjections", []string{gateway, operator}},
	{"amends.query.v1.Query/WaitFor", []string{gateway, operator}},
	{"amends.shipping.v1.Shipping/Track", []string{gateway, operator}},
	{"amends.support.v1.Support/AnswerCase", []string{gateway}},
	{"amends.support.v1.Support/AssignCase", []string{gateway}},
	{"amends.support.v1.Support/CloseCase", []string{gateway}},
	{"amends.support.v1.Support/GetCase", []string{gateway}},
	{"amends.support.v1.Support/ListCases", []string{gateway}},
	{"amends.support.v1.Support/ListOrderCases", []string{gateway}},
	{"amends.support.v1.Support/OpenCase", []string{gateway}},
	{"amends.user.v1.User/AskReset", []string{gateway}},
	{"amends.user.v1.User/ChangeEmail", []string{gateway}},
	{"amends.user.v1.User/ChangePassword", []string{gateway}},
	{"amends.user.v1.User/ChangeProfile", []string{gateway}},
	{"amends.user.v1.User/CheckKey", []string{gateway}},
	{"amends.user.v1.User/CheckSession", []string{gateway}},
	{"amends.user.v1.User/Confirm", []string{gateway}},
	{"amends.user.v1.User/Create", []string{operator}},
	{"amends.user.v1.User/CreateKey", []string{gateway, operator}},
	{"amends.user.v1.User/Erase", []string{gateway}},
	{"amends.user.v1.User/FindAccount", []string{operator}},
	{"amends.user.v1.User/GetAccount", []string{gateway, mails, operator}},
	{"amends.user.v1.User/GetMail", []string{mails, operator}},
	{"amends.user.v1.User/KeepAct", []string{gateway}},
	{"amends.user.v1.User/ListActs", []string{gateway, operator}},
	{"amends.user.v1.User/ListDeliveries", []string{gateway}},
	{"amends.user.v1.User/ListKeys", []string{gateway, operator}},
	{"amends.user.v1.User/ListMails", []string{operator}},
	{"amends.user.v1.User/ListRecords", []string{operator}},
	{"amends.user.v1.User/ListRevocations", []string{gateway}},
	{"amends.user.v1.User/ListSessions", []string{gateway, operator}},
	{"amends.user.v1.User/ListSigningKeys", []string{gateway}},
	{"amends.user.v1.User/Lock", []string{operator}},
	{"amends.user.v1.User/LogIn", []string{gateway}},
	{"amends.user.v1.User/LogOut", []string{gateway}},
	{"amends.user.v1.User/PutDelivery", []string{gateway}},
	{"amends.user.v1.User/Refresh", []string{gateway}},
	{"amends.user.v1.User/Register", []string{gateway}},
	{"amends.user.v1.User/RemoveDelivery", []string{gateway}},
	{"amends.user.v1.User/Reset", []string{gateway}},
	{"amends.user.v1.User/RevokeKey", []string{gateway, operator}},
	{"amends.user.v1.User/SetRole", []string{operator}},
	{"amends.user.v1.User/EraseAccount", []string{operator}},
	{"amends.user.v1.User/Unlock", []string{operator}},
	{"grpc.health.v1.Health/Check", []string{anybody}},
	{"grpc.health.v1.Health/List", []string{operator}},
	{"grpc.health.v1.Health/Watch", []string{anybody}},
	{"grpc.reflection.v1.ServerReflection/ServerReflectionInfo", []string{operator}},
	{"grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", []string{operator}},
}

// Steps are the rules of the steps of sagas. The order saga alone takes them.
var Steps = []Row{
	{"catalog.quote", []string{order}},
	{"inventory.commit", []string{order}},
	{"inventory.reserve", []string{order}},
	{"inventory.take_back", []string{order}},
	{"order.acknowledge", []string{order}},
	{"order.cancel", []string{order}},
	{"order.close_refund", []string{order}},
	{"order.confirm", []string{order}},
	{"order.create", []string{order}},
	{"order.decide", []string{order}},
	{"order.note", []string{order}},
	{"order.note_refund", []string{order}},
	{"order.open_refund", []string{order}},
	{"order.refuse_refund", []string{order}},
	{"payment.authorize", []string{order}},
	{"payment.capture", []string{order}},
	{"payment.refund", []string{order}},
	{"shipping.book", []string{order}},
}

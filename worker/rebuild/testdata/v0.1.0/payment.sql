BEGIN TRANSACTION;
PRAGMA defer_foreign_keys=ON;
CREATE TABLE barrier (
    saga        text      NOT NULL CHECK (saga <> ''),
    step        text      NOT NULL CHECK (step <> ''),
    generation  bigint    NOT NULL DEFAULT 0 CHECK (generation >= 0),
    state       text      NOT NULL CHECK (state IN ('intent', 'done', 'refused', 'undone', 'blocked')),
    fingerprint text      NOT NULL,
    request     text      NOT NULL,
    outcome     text      NOT NULL,
    code        text      NOT NULL,
    message     text      NOT NULL,
    created_at  timestamp NOT NULL,
    updated_at  timestamp NOT NULL,
    PRIMARY KEY (saga, step, generation),
    CHECK ((state = 'refused') = (code <> ''))
);
CREATE TABLE goose_db_version (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		version_id INTEGER NOT NULL,
		is_applied INTEGER NOT NULL,
		tstamp TIMESTAMP DEFAULT (datetime('now'))
	);
CREATE TABLE invoices (
    number     text      NOT NULL PRIMARY KEY,
    payment_id text      NOT NULL UNIQUE REFERENCES payments (id),
    amount     bigint    NOT NULL CHECK (amount > 0),
    currency   text      NOT NULL,
    created_at timestamp NOT NULL
);
CREATE TABLE payments (
    id                 text      NOT NULL PRIMARY KEY,
    saga               text      NOT NULL,
    step               text      NOT NULL,
    generation         bigint    NOT NULL,
    state              text      NOT NULL CHECK (state IN ('intent', 'authorized', 'declined', 'voided', 'captured', 'refunded')),
    amount             bigint    NOT NULL CHECK (amount > 0),
    currency           text      NOT NULL,
    token_hash         text      NOT NULL,
    provider_reference text      NOT NULL,
    decline_code       text      NOT NULL,
    captured           bigint    NOT NULL CHECK (captured >= 0),
    refunding          bigint    NOT NULL CHECK (refunding >= 0),
    refunded           bigint    NOT NULL CHECK (refunded >= 0),
    created_at         timestamp NOT NULL,
    updated_at         timestamp NOT NULL,
    UNIQUE (saga, step, generation),
    CHECK (captured <= amount),
    CHECK (refunded + refunding <= captured),
    CHECK ((state IN ('captured', 'refunded')) = (captured > 0)),
    CHECK ((state = 'declined') = (decline_code <> ''))
);
CREATE TABLE postings (
    set_id     text      NOT NULL,
    line       bigint    NOT NULL,
    payment_id text      NOT NULL REFERENCES payments (id),
    kind       text      NOT NULL CHECK (kind IN ('hold', 'release', 'capture', 'refund')),
    account    text      NOT NULL CHECK (account IN ('funds_held', 'funds_held_contra', 'provider_receivable', 'revenue', 'refunds')),
    amount     bigint    NOT NULL CHECK (amount <> 0),
    currency   text      NOT NULL,
    created_at timestamp NOT NULL,
    PRIMARY KEY (set_id, line)
);
CREATE TABLE series (
    name text   NOT NULL PRIMARY KEY,
    last bigint NOT NULL
);
CREATE TABLE transfers (
    saga               text      NOT NULL,
    step               text      NOT NULL,
    generation         bigint    NOT NULL,
    payment_id         text      NOT NULL REFERENCES payments (id),
    kind               text      NOT NULL CHECK (kind IN ('capture', 'refund')),
    state              text      NOT NULL CHECK (state IN ('intent', 'done', 'declined', 'blocked')),
    amount             bigint    NOT NULL CHECK (amount > 0),
    currency           text      NOT NULL,
    target             text      NOT NULL, -- provider's key of what is captured or refunded
    invoice_number     text      NOT NULL,
    provider_reference text      NOT NULL,
    decline_code       text      NOT NULL,
    created_at         timestamp NOT NULL,
    updated_at         timestamp NOT NULL,
    PRIMARY KEY (saga, step, generation),
    CHECK ((kind = 'capture') = (invoice_number <> '')),
    CHECK ((state = 'declined') = (decline_code <> ''))
);
INSERT INTO "barrier" VALUES('afa74a6b-4eca-88b0-a948-a8c21fb53c15','payment.authorize',0,'done','12a9258e26862144bc60373eb22d1f2b4362a8e73a4999058863da857356477c','{"amount":{"amount":12600,"currency":"EUR"},"token_hash":"3482b66ca68e66a855cdf9c302fde3a286b99d0e279740cd5ed08ee15b449817"}','{"payment_id":"01a228c7-a7a5-7132-8462-4c209fa585d4","provider_reference":"aut_01a228c7-a7ae-7d3e-8c82-a9617deb81ae","amount":{"amount":12600,"currency":"EUR"}}','','','2026-11-29 19:28:22.948943+00:00','2026-11-29 19:28:22.963352+00:00');
INSERT INTO "barrier" VALUES('afa74a6b-4eca-88b0-a948-a8c21fb53c15','payment.capture',0,'done','086e423ba58f4e4746cf80a37c5230aa0503528baf89cef82842b7e5ef4365a7','{"amount":{"amount":12600,"currency":"EUR"}}','{"payment_id":"01a228c7-a7a5-7132-8462-4c209fa585d4","provider_reference":"cap_01a228c7-a91e-7ed7-a759-60ba3263b003","invoice_number":"INV-00000001","amount":{"amount":12600,"currency":"EUR"}}','','','2026-11-29 19:28:23.325079+00:00','2026-11-29 19:28:23.327412+00:00');
INSERT INTO "barrier" VALUES('e7923850-ae0e-812a-95c5-086120d22ee2','payment.authorize',0,'done','52b115f05c208ea41ba85ab23b09f7bcc799cd46e0744cd8e2dbb9149bcab789','{"amount":{"amount":3897,"currency":"EUR"},"token_hash":"3482b66ca68e66a855cdf9c302fde3a286b99d0e279740cd5ed08ee15b449817"}','{"payment_id":"01a228c7-aa85-7935-837d-570861ae27ce","provider_reference":"aut_01a228c7-aa85-7b2e-8d7d-ec8070bf5266","amount":{"amount":3897,"currency":"EUR"}}','','','2026-11-29 19:28:23.685528+00:00','2026-11-29 19:28:23.687228+00:00');
INSERT INTO "barrier" VALUES('e7923850-ae0e-812a-95c5-086120d22ee2','payment.capture',0,'done','3b1e7b1a59a2aa7f3677c320d2723e4e72ddc51db899f2f9ecd1e32f6591923a','{"amount":{"amount":3897,"currency":"EUR"}}','{"payment_id":"01a228c7-aa85-7935-837d-570861ae27ce","provider_reference":"cap_01a228c7-aac1-734a-b521-eeff3bf1a1e2","invoice_number":"INV-00000002","amount":{"amount":3897,"currency":"EUR"}}','','','2026-11-29 19:28:23.74461+00:00','2026-11-29 19:28:23.745586+00:00');
INSERT INTO "barrier" VALUES('3248cb36-5ec3-8c5c-8d6b-a4d9b2d40540','payment.authorize',0,'refused','b944805c26929cbbbd66bae0948560f44a5a0417b5ce0ef9a4765be9597967eb','{"amount":{"amount":1850,"currency":"EUR"},"token_hash":"9ff8d30be29f666143bb6dcac44ccd12d5be8be3f0059ae100ffd83ca0b72499"}','','CARD_DECLINED','the payment provider declined the authorization','2026-11-29 19:28:23.788076+00:00','2026-11-29 19:28:23.788399+00:00');
INSERT INTO "barrier" VALUES('3248cb36-5ec3-8c5c-8d6b-a4d9b2d40540','payment.capture',0,'blocked','','','','','','2026-11-29 19:28:23.812703+00:00','2026-11-29 19:28:23.812703+00:00');
INSERT INTO "barrier" VALUES('b75d4645-67c8-8dbe-b9d2-b63e0e67da8c','payment.authorize',0,'undone','411f71968fbbfe5f0809e9923315e7bb531892269ad91fc5b2857f5a641ff9a6','{"amount":{"amount":999,"currency":"EUR"},"token_hash":"3482b66ca68e66a855cdf9c302fde3a286b99d0e279740cd5ed08ee15b449817"}','{"payment_id":"01a228c7-ab98-7c27-b960-e59c1151d0bb","provider_reference":"aut_01a228c7-ab98-7e31-9c28-7f11e20652cd","amount":{"amount":999,"currency":"EUR"}}','','','2026-11-29 19:28:23.960733+00:00','2026-11-29 19:28:23.98286+00:00');
INSERT INTO "barrier" VALUES('b75d4645-67c8-8dbe-b9d2-b63e0e67da8c','payment.capture',0,'blocked','','','','','','2026-11-29 19:28:23.968078+00:00','2026-11-29 19:28:23.968078+00:00');
INSERT INTO "barrier" VALUES('9c708dc3-ad45-8a5f-945c-0cec8a05c20f','payment.capture',0,'blocked','','','','','','2026-11-29 19:28:24.022117+00:00','2026-11-29 19:28:24.022117+00:00');
INSERT INTO "barrier" VALUES('9c708dc3-ad45-8a5f-945c-0cec8a05c20f','payment.authorize',0,'blocked','','','','','','2026-11-29 19:28:24.032801+00:00','2026-11-29 19:28:24.032801+00:00');
INSERT INTO "barrier" VALUES('aeb4ef06-5190-821c-ae10-6e70b1513564','payment.authorize',0,'undone','ab75107f594dbf1af15f85eada711b177d957e244c36ff6ae952108ad2489f58','{"amount":{"amount":10750,"currency":"EUR"},"token_hash":"3482b66ca68e66a855cdf9c302fde3a286b99d0e279740cd5ed08ee15b449817"}','{"payment_id":"01a228c7-ac06-7c60-b0d0-11e237193919","provider_reference":"aut_01a228c7-ac07-7738-9d69-44f4803e76b6","amount":{"amount":10750,"currency":"EUR"}}','','','2026-11-29 19:28:24.069854+00:00','2026-11-29 19:28:24.09989+00:00');
INSERT INTO "barrier" VALUES('aeb4ef06-5190-821c-ae10-6e70b1513564','payment.capture',0,'blocked','','','','','','2026-11-29 19:28:24.089032+00:00','2026-11-29 19:28:24.089032+00:00');
INSERT INTO "barrier" VALUES('767024b4-227c-8072-be14-29c2d697f070','payment.authorize',0,'undone','317b3a4c9ae3042f4a3a8e32cca3fee57471246d99d813aff0c0422724d8d8bc','{"amount":{"amount":1850,"currency":"EUR"},"token_hash":"ec47045855dc8e0e771fce780cfa92905305776351a9213b536a8c7cdc69c76f"}','{"payment_id":"01a228c7-ac4b-7a02-a247-77623da1579a","provider_reference":"aut_01a228c7-ac4b-7c83-b883-b630336e5f1f","amount":{"amount":1850,"currency":"EUR"}}','','','2026-11-29 19:28:24.13951+00:00','2026-11-29 19:28:24.186587+00:00');
INSERT INTO "barrier" VALUES('767024b4-227c-8072-be14-29c2d697f070','payment.capture',0,'refused','486a7364a87b766215d80090931c9c6d848455395481dfc89346f17367ffc258','{"amount":{"amount":1850,"currency":"EUR"}}','','CAPTURE_DECLINED','the payment provider declined the capture','2026-11-29 19:28:24.163561+00:00','2026-11-29 19:28:24.165355+00:00');
INSERT INTO "barrier" VALUES('b57a2947-2880-8bbc-9a52-5ce326b4233f','payment.capture',0,'blocked','','','','','','2026-11-29 19:28:24.223181+00:00','2026-11-29 19:28:24.223181+00:00');
INSERT INTO "barrier" VALUES('b57a2947-2880-8bbc-9a52-5ce326b4233f','payment.authorize',0,'blocked','','','','','','2026-11-29 19:28:24.235231+00:00','2026-11-29 19:28:24.235231+00:00');
INSERT INTO "barrier" VALUES('647a5401-d2bd-85f5-a6f2-fcf90202d20f','payment.authorize',0,'done','8248c9017c66fc42788497032bd7bbef3eab9a78fc99a5940b4707ed8839d606','{"amount":{"amount":14900,"currency":"EUR"},"token_hash":"20f2718a294fe5e2976d33d332427501bc4df875390f9a4d458caf26db39c8d7"}','{"payment_id":"01a228c7-acce-72ce-ae50-ff138add1d1a","provider_reference":"aut_01a228c7-acce-74ac-abc4-dc883d79fc39","amount":{"amount":14900,"currency":"EUR"}}','','','2026-11-29 19:28:24.270116+00:00','2026-11-29 19:28:24.270509+00:00');
INSERT INTO "barrier" VALUES('647a5401-d2bd-85f5-a6f2-fcf90202d20f','payment.capture',0,'done','da4f11c086cdf9483c8919cf9b7f13c6a42ba89944abc32a1fb516c9d94ca225','{"amount":{"amount":14900,"currency":"EUR"}}','{"payment_id":"01a228c7-acce-72ce-ae50-ff138add1d1a","provider_reference":"cap_01a228c7-ad17-72ba-9989-ca06c0a3e05e","invoice_number":"INV-00000004","amount":{"amount":14900,"currency":"EUR"}}','','','2026-11-29 19:28:24.342606+00:00','2026-11-29 19:28:25.344927+00:00');
INSERT INTO "barrier" VALUES('016ad6cd-d20c-827d-b0da-5e43219b92c2','payment.authorize',0,'undone','847e8568d6d8880cb405ca045ad1669e9e9d2c30171c7c02443166fa16107144','{"amount":{"amount":1850,"currency":"EUR"},"token_hash":"4509e270229ebca022a0c1609e4999fcc7f0953cea60219437ef4d037101bfa0"}','{"payment_id":"01a228c7-b131-74e3-b849-9112902d7c5c","provider_reference":"aut_01a228c7-b131-7795-b152-4e109460fba9","amount":{"amount":1850,"currency":"EUR"}}','','','2026-11-29 19:28:25.393109+00:00','2026-11-29 19:28:28.413203+00:00');
INSERT INTO "barrier" VALUES('016ad6cd-d20c-827d-b0da-5e43219b92c2','payment.capture',0,'blocked','','','','','','2026-11-29 19:28:28.404182+00:00','2026-11-29 19:28:28.404182+00:00');
INSERT INTO "barrier" VALUES('e9c28ea8-fee7-8d73-8597-13d246d61e8c','payment.authorize',0,'intent','10650d5d8abf00437af1bc255c237f79b76b91bfecd04076370952f726daed9d','{"amount":{"amount":17800,"currency":"EUR"},"token_hash":"caf365d0ebb6c7fa6af1652244d76a55c5730b252bf2cf5db28b372b9f132f56"}','','','','2026-11-29 19:28:28.45625+00:00','2026-11-29 19:28:28.45625+00:00');
INSERT INTO "goose_db_version" VALUES(1,0,1,'2026-11-29 19:28:21');
INSERT INTO "goose_db_version" VALUES(2,1,1,'2026-11-29 19:28:21');
INSERT INTO "goose_db_version" VALUES(3,2,1,'2026-11-29 19:28:21');
INSERT INTO "invoices" VALUES('INV-00000001','01a228c7-a7a5-7132-8462-4c209fa585d4',12600,'EUR','2026-11-29 19:28:23.327451+00:00');
INSERT INTO "invoices" VALUES('INV-00000002','01a228c7-aa85-7935-837d-570861ae27ce',3897,'EUR','2026-11-29 19:28:23.745624+00:00');
INSERT INTO "invoices" VALUES('INV-00000004','01a228c7-acce-72ce-ae50-ff138add1d1a',14900,'EUR','2026-11-29 19:28:25.344982+00:00');
INSERT INTO "payments" VALUES('01a228c7-a7a5-7132-8462-4c209fa585d4','afa74a6b-4eca-88b0-a948-a8c21fb53c15','payment.authorize',0,'captured',12600,'EUR','3482b66ca68e66a855cdf9c302fde3a286b99d0e279740cd5ed08ee15b449817','aut_01a228c7-a7ae-7d3e-8c82-a9617deb81ae','',12600,0,0,'2026-11-29 19:28:22.949079+00:00','2026-11-29 19:28:23.327586+00:00');
INSERT INTO "payments" VALUES('01a228c7-aa85-7935-837d-570861ae27ce','e7923850-ae0e-812a-95c5-086120d22ee2','payment.authorize',0,'captured',3897,'EUR','3482b66ca68e66a855cdf9c302fde3a286b99d0e279740cd5ed08ee15b449817','aut_01a228c7-aa85-7b2e-8d7d-ec8070bf5266','',3897,0,0,'2026-11-29 19:28:23.685604+00:00','2026-11-29 19:28:23.745735+00:00');
INSERT INTO "payments" VALUES('01a228c7-aaec-723c-88ce-4f667f54038c','3248cb36-5ec3-8c5c-8d6b-a4d9b2d40540','payment.authorize',0,'declined',1850,'EUR','9ff8d30be29f666143bb6dcac44ccd12d5be8be3f0059ae100ffd83ca0b72499','','CARD_DECLINED',0,0,0,'2026-11-29 19:28:23.788147+00:00','2026-11-29 19:28:23.788545+00:00');
INSERT INTO "payments" VALUES('01a228c7-ab98-7c27-b960-e59c1151d0bb','b75d4645-67c8-8dbe-b9d2-b63e0e67da8c','payment.authorize',0,'voided',999,'EUR','3482b66ca68e66a855cdf9c302fde3a286b99d0e279740cd5ed08ee15b449817','aut_01a228c7-ab98-7e31-9c28-7f11e20652cd','',0,0,0,'2026-11-29 19:28:23.960798+00:00','2026-11-29 19:28:23.982983+00:00');
INSERT INTO "payments" VALUES('01a228c7-ac06-7c60-b0d0-11e237193919','aeb4ef06-5190-821c-ae10-6e70b1513564','payment.authorize',0,'voided',10750,'EUR','3482b66ca68e66a855cdf9c302fde3a286b99d0e279740cd5ed08ee15b449817','aut_01a228c7-ac07-7738-9d69-44f4803e76b6','',0,0,0,'2026-11-29 19:28:24.070812+00:00','2026-11-29 19:28:24.100002+00:00');
INSERT INTO "payments" VALUES('01a228c7-ac4b-7a02-a247-77623da1579a','767024b4-227c-8072-be14-29c2d697f070','payment.authorize',0,'voided',1850,'EUR','ec47045855dc8e0e771fce780cfa92905305776351a9213b536a8c7cdc69c76f','aut_01a228c7-ac4b-7c83-b883-b630336e5f1f','',0,0,0,'2026-11-29 19:28:24.139657+00:00','2026-11-29 19:28:24.186714+00:00');
INSERT INTO "payments" VALUES('01a228c7-acce-72ce-ae50-ff138add1d1a','647a5401-d2bd-85f5-a6f2-fcf90202d20f','payment.authorize',0,'captured',14900,'EUR','20f2718a294fe5e2976d33d332427501bc4df875390f9a4d458caf26db39c8d7','aut_01a228c7-acce-74ac-abc4-dc883d79fc39','',14900,0,0,'2026-11-29 19:28:24.270184+00:00','2026-11-29 19:28:25.345142+00:00');
INSERT INTO "payments" VALUES('01a228c7-b131-74e3-b849-9112902d7c5c','016ad6cd-d20c-827d-b0da-5e43219b92c2','payment.authorize',0,'voided',1850,'EUR','4509e270229ebca022a0c1609e4999fcc7f0953cea60219437ef4d037101bfa0','aut_01a228c7-b131-7795-b152-4e109460fba9','',0,0,0,'2026-11-29 19:28:25.393321+00:00','2026-11-29 19:28:28.413295+00:00');
INSERT INTO "payments" VALUES('01a228c7-bd28-7544-9001-48b09b803e6e','e9c28ea8-fee7-8d73-8597-13d246d61e8c','payment.authorize',0,'intent',17800,'EUR','caf365d0ebb6c7fa6af1652244d76a55c5730b252bf2cf5db28b372b9f132f56','','',0,0,0,'2026-11-29 19:28:28.456346+00:00','2026-11-29 19:28:28.456346+00:00');
INSERT INTO "postings" VALUES('01a228c7-a7b3-77f7-a839-e2987dc8a8b6',1,'01a228c7-a7a5-7132-8462-4c209fa585d4','hold','funds_held',12600,'EUR','2026-11-29 19:28:22.963426+00:00');
INSERT INTO "postings" VALUES('01a228c7-a7b3-77f7-a839-e2987dc8a8b6',2,'01a228c7-a7a5-7132-8462-4c209fa585d4','hold','funds_held_contra',-12600,'EUR','2026-11-29 19:28:22.963426+00:00');
INSERT INTO "postings" VALUES('01a228c7-a91f-79d1-959c-fb2384ba839e',1,'01a228c7-a7a5-7132-8462-4c209fa585d4','capture','funds_held_contra',12600,'EUR','2026-11-29 19:28:23.327451+00:00');
INSERT INTO "postings" VALUES('01a228c7-a91f-79d1-959c-fb2384ba839e',2,'01a228c7-a7a5-7132-8462-4c209fa585d4','capture','funds_held',-12600,'EUR','2026-11-29 19:28:23.327451+00:00');
INSERT INTO "postings" VALUES('01a228c7-a91f-79d1-959c-fb2384ba839e',3,'01a228c7-a7a5-7132-8462-4c209fa585d4','capture','provider_receivable',12600,'EUR','2026-11-29 19:28:23.327451+00:00');
INSERT INTO "postings" VALUES('01a228c7-a91f-79d1-959c-fb2384ba839e',4,'01a228c7-a7a5-7132-8462-4c209fa585d4','capture','revenue',-12600,'EUR','2026-11-29 19:28:23.327451+00:00');
INSERT INTO "postings" VALUES('01a228c7-aa87-7d99-b7b9-f0a510a2d40c',1,'01a228c7-aa85-7935-837d-570861ae27ce','hold','funds_held',3897,'EUR','2026-11-29 19:28:23.687544+00:00');
INSERT INTO "postings" VALUES('01a228c7-aa87-7d99-b7b9-f0a510a2d40c',2,'01a228c7-aa85-7935-837d-570861ae27ce','hold','funds_held_contra',-3897,'EUR','2026-11-29 19:28:23.687544+00:00');
INSERT INTO "postings" VALUES('01a228c7-aac1-7c1d-858b-8e0a141e7615',1,'01a228c7-aa85-7935-837d-570861ae27ce','capture','funds_held_contra',3897,'EUR','2026-11-29 19:28:23.745624+00:00');
INSERT INTO "postings" VALUES('01a228c7-aac1-7c1d-858b-8e0a141e7615',2,'01a228c7-aa85-7935-837d-570861ae27ce','capture','funds_held',-3897,'EUR','2026-11-29 19:28:23.745624+00:00');
INSERT INTO "postings" VALUES('01a228c7-aac1-7c1d-858b-8e0a141e7615',3,'01a228c7-aa85-7935-837d-570861ae27ce','capture','provider_receivable',3897,'EUR','2026-11-29 19:28:23.745624+00:00');
INSERT INTO "postings" VALUES('01a228c7-aac1-7c1d-858b-8e0a141e7615',4,'01a228c7-aa85-7935-837d-570861ae27ce','capture','revenue',-3897,'EUR','2026-11-29 19:28:23.745624+00:00');
INSERT INTO "postings" VALUES('01a228c7-ab99-74c5-b531-9c79265f693a',1,'01a228c7-ab98-7c27-b960-e59c1151d0bb','hold','funds_held',999,'EUR','2026-11-29 19:28:23.961225+00:00');
INSERT INTO "postings" VALUES('01a228c7-ab99-74c5-b531-9c79265f693a',2,'01a228c7-ab98-7c27-b960-e59c1151d0bb','hold','funds_held_contra',-999,'EUR','2026-11-29 19:28:23.961225+00:00');
INSERT INTO "postings" VALUES('01a228c7-abaf-70ff-b9f0-6070b511957d',1,'01a228c7-ab98-7c27-b960-e59c1151d0bb','release','funds_held_contra',999,'EUR','2026-11-29 19:28:23.982961+00:00');
INSERT INTO "postings" VALUES('01a228c7-abaf-70ff-b9f0-6070b511957d',2,'01a228c7-ab98-7c27-b960-e59c1151d0bb','release','funds_held',-999,'EUR','2026-11-29 19:28:23.982961+00:00');
INSERT INTO "postings" VALUES('01a228c7-ac0a-7a3c-abb4-7c3c5d42a038',1,'01a228c7-ac06-7c60-b0d0-11e237193919','hold','funds_held',10750,'EUR','2026-11-29 19:28:24.073768+00:00');
INSERT INTO "postings" VALUES('01a228c7-ac0a-7a3c-abb4-7c3c5d42a038',2,'01a228c7-ac06-7c60-b0d0-11e237193919','hold','funds_held_contra',-10750,'EUR','2026-11-29 19:28:24.073768+00:00');
INSERT INTO "postings" VALUES('01a228c7-ac24-7137-9873-54fac5f5ff19',1,'01a228c7-ac06-7c60-b0d0-11e237193919','release','funds_held_contra',10750,'EUR','2026-11-29 19:28:24.099981+00:00');
INSERT INTO "postings" VALUES('01a228c7-ac24-7137-9873-54fac5f5ff19',2,'01a228c7-ac06-7c60-b0d0-11e237193919','release','funds_held',-10750,'EUR','2026-11-29 19:28:24.099981+00:00');
INSERT INTO "postings" VALUES('01a228c7-ac4c-72d6-b1f5-7be624dfbe0a',1,'01a228c7-ac4b-7a02-a247-77623da1579a','hold','funds_held',1850,'EUR','2026-11-29 19:28:24.140107+00:00');
INSERT INTO "postings" VALUES('01a228c7-ac4c-72d6-b1f5-7be624dfbe0a',2,'01a228c7-ac4b-7a02-a247-77623da1579a','hold','funds_held_contra',-1850,'EUR','2026-11-29 19:28:24.140107+00:00');
INSERT INTO "postings" VALUES('01a228c7-ac7a-7c40-b868-917830c80b6a',1,'01a228c7-ac4b-7a02-a247-77623da1579a','release','funds_held_contra',1850,'EUR','2026-11-29 19:28:24.18669+00:00');
INSERT INTO "postings" VALUES('01a228c7-ac7a-7c40-b868-917830c80b6a',2,'01a228c7-ac4b-7a02-a247-77623da1579a','release','funds_held',-1850,'EUR','2026-11-29 19:28:24.18669+00:00');
INSERT INTO "postings" VALUES('01a228c7-acce-7978-a097-c5078d203924',1,'01a228c7-acce-72ce-ae50-ff138add1d1a','hold','funds_held',14900,'EUR','2026-11-29 19:28:24.270546+00:00');
INSERT INTO "postings" VALUES('01a228c7-acce-7978-a097-c5078d203924',2,'01a228c7-acce-72ce-ae50-ff138add1d1a','hold','funds_held_contra',-14900,'EUR','2026-11-29 19:28:24.270546+00:00');
INSERT INTO "postings" VALUES('01a228c7-b101-7351-b407-9092b7d3d5be',1,'01a228c7-acce-72ce-ae50-ff138add1d1a','capture','funds_held_contra',14900,'EUR','2026-11-29 19:28:25.344982+00:00');
INSERT INTO "postings" VALUES('01a228c7-b101-7351-b407-9092b7d3d5be',2,'01a228c7-acce-72ce-ae50-ff138add1d1a','capture','funds_held',-14900,'EUR','2026-11-29 19:28:25.344982+00:00');
INSERT INTO "postings" VALUES('01a228c7-b101-7351-b407-9092b7d3d5be',3,'01a228c7-acce-72ce-ae50-ff138add1d1a','capture','provider_receivable',14900,'EUR','2026-11-29 19:28:25.344982+00:00');
INSERT INTO "postings" VALUES('01a228c7-b101-7351-b407-9092b7d3d5be',4,'01a228c7-acce-72ce-ae50-ff138add1d1a','capture','revenue',-14900,'EUR','2026-11-29 19:28:25.344982+00:00');
INSERT INTO "postings" VALUES('01a228c7-bceb-7128-8d54-dcc75fc6bde8',1,'01a228c7-b131-74e3-b849-9112902d7c5c','hold','funds_held',1850,'EUR','2026-11-29 19:28:28.394899+00:00');
INSERT INTO "postings" VALUES('01a228c7-bceb-7128-8d54-dcc75fc6bde8',2,'01a228c7-b131-74e3-b849-9112902d7c5c','hold','funds_held_contra',-1850,'EUR','2026-11-29 19:28:28.394899+00:00');
INSERT INTO "postings" VALUES('01a228c7-bcfd-759f-a1ba-8d9f6c0cacd8',1,'01a228c7-b131-74e3-b849-9112902d7c5c','release','funds_held_contra',1850,'EUR','2026-11-29 19:28:28.41328+00:00');
INSERT INTO "postings" VALUES('01a228c7-bcfd-759f-a1ba-8d9f6c0cacd8',2,'01a228c7-b131-74e3-b849-9112902d7c5c','release','funds_held',-1850,'EUR','2026-11-29 19:28:28.41328+00:00');
INSERT INTO "series" VALUES('invoice',4);
INSERT INTO "transfers" VALUES('afa74a6b-4eca-88b0-a948-a8c21fb53c15','payment.capture',0,'01a228c7-a7a5-7132-8462-4c209fa585d4','capture','done',12600,'EUR','afa74a6b-4eca-88b0-a948-a8c21fb53c15/payment.authorize','INV-00000001','cap_01a228c7-a91e-7ed7-a759-60ba3263b003','','2026-11-29 19:28:23.32551+00:00','2026-11-29 19:28:23.327463+00:00');
INSERT INTO "transfers" VALUES('e7923850-ae0e-812a-95c5-086120d22ee2','payment.capture',0,'01a228c7-aa85-7935-837d-570861ae27ce','capture','done',3897,'EUR','e7923850-ae0e-812a-95c5-086120d22ee2/payment.authorize','INV-00000002','cap_01a228c7-aac1-734a-b521-eeff3bf1a1e2','','2026-11-29 19:28:23.745032+00:00','2026-11-29 19:28:23.745635+00:00');
INSERT INTO "transfers" VALUES('767024b4-227c-8072-be14-29c2d697f070','payment.capture',0,'01a228c7-ac4b-7a02-a247-77623da1579a','capture','declined',1850,'EUR','767024b4-227c-8072-be14-29c2d697f070/payment.authorize','INV-00000003','','CAPTURE_DECLINED','2026-11-29 19:28:24.163968+00:00','2026-11-29 19:28:24.165609+00:00');
INSERT INTO "transfers" VALUES('647a5401-d2bd-85f5-a6f2-fcf90202d20f','payment.capture',0,'01a228c7-acce-72ce-ae50-ff138add1d1a','capture','done',14900,'EUR','647a5401-d2bd-85f5-a6f2-fcf90202d20f/payment.authorize','INV-00000004','cap_01a228c7-ad17-72ba-9989-ca06c0a3e05e','','2026-11-29 19:28:24.343022+00:00','2026-11-29 19:28:25.344998+00:00');
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('goose_db_version',3);
CREATE UNIQUE INDEX payments_one_live ON payments (saga) WHERE state IN ('intent', 'authorized', 'captured');
CREATE UNIQUE INDEX transfers_one_capture ON transfers (payment_id) WHERE kind = 'capture' AND state IN ('intent', 'done');
CREATE INDEX transfers_payment ON transfers (payment_id);
CREATE UNIQUE INDEX postings_once ON postings (payment_id, kind, account) WHERE kind <> 'refund';
CREATE UNIQUE INDEX postings_one_end ON postings (payment_id, account) WHERE kind IN ('release', 'capture');
COMMIT;

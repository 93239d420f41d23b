-- One row for each user. An existing primary key is kept.
SET @zcrm = IF(
    (SELECT COUNT(*) FROM information_schema.statistics
        WHERE table_schema = DATABASE() AND table_name = 'oauthtokens' AND index_name = 'PRIMARY') = 0,
    'ALTER TABLE oauthtokens ADD PRIMARY KEY (useridentifier)',
    'DO 0');
PREPARE zcrm FROM @zcrm;
EXECUTE zcrm;
DEALLOCATE PREPARE zcrm;

-- state, from 9.6.24 on
SELECT pg_catalog.pg_is_in_recovery(),
 pg_catalog.current_setting('server_version_num'),
 pg_catalog.current_setting('synchronous_standby_names'),
 pg_catalog.pg_last_xlog_receive_location(),
 pg_catalog.pg_last_xlog_replay_location(),
 CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL ELSE pg_catalog.pg_current_xlog_location() END,
 CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL
  ELSE pg_catalog.pg_xlogfile_name(pg_catalog.pg_current_xlog_location()) END,
 (SELECT r.received_tli FROM pg_catalog.pg_stat_wal_receiver r LIMIT 1),
 (SELECT COALESCE(r.status, 'hidden') FROM pg_catalog.pg_stat_wal_receiver r LIMIT 1),
 (SELECT c.min_recovery_end_timeline FROM pg_catalog.pg_control_recovery() c),
 (SELECT c.timeline_id FROM pg_catalog.pg_control_checkpoint() c),
 pg_catalog.current_setting('hot_standby'),
 CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_is_xlog_replay_paused() END,
 (SELECT EXTRACT(epoch FROM pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) r.last_msg_receipt_time)
  FROM pg_catalog.pg_stat_wal_receiver r
  WHERE r.last_msg_send_time OPERATOR(pg_catalog.<>) r.last_msg_receipt_time LIMIT 1),
 CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL ELSE pg_catalog.pg_current_xlog_flush_location() END;

-- state, from 10.23 on
SELECT pg_catalog.pg_is_in_recovery(),
 pg_catalog.current_setting('server_version_num'),
 pg_catalog.current_setting('synchronous_standby_names'),
 pg_catalog.pg_last_wal_receive_lsn(),
 pg_catalog.pg_last_wal_replay_lsn(),
 CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL ELSE pg_catalog.pg_current_wal_lsn() END,
 CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL
  ELSE pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()) END,
 (SELECT r.received_tli FROM pg_catalog.pg_stat_wal_receiver r LIMIT 1),
 (SELECT COALESCE(r.status, 'hidden') FROM pg_catalog.pg_stat_wal_receiver r LIMIT 1),
 (SELECT c.min_recovery_end_timeline FROM pg_catalog.pg_control_recovery() c),
 (SELECT c.timeline_id FROM pg_catalog.pg_control_checkpoint() c),
 pg_catalog.current_setting('hot_standby'),
 CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_is_wal_replay_paused() END,
 (SELECT EXTRACT(epoch FROM pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) r.last_msg_receipt_time)
  FROM pg_catalog.pg_stat_wal_receiver r
  WHERE r.last_msg_send_time OPERATOR(pg_catalog.<>) r.last_msg_receipt_time LIMIT 1),
 CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL ELSE pg_catalog.pg_current_wal_flush_lsn() END;

-- standbys, from 9.6.24 on
SELECT s.pid, s.application_name, s.usename, s.client_addr, s.state, s.sync_state,
 s.sent_location, s.write_location, s.flush_location, s.replay_location, NULL,
 (SELECT r.slot_name FROM pg_catalog.pg_replication_slots r WHERE r.active_pid OPERATOR(pg_catalog.=) s.pid LIMIT 1),
 (SELECT r.slot_type FROM pg_catalog.pg_replication_slots r WHERE r.active_pid OPERATOR(pg_catalog.=) s.pid LIMIT 1)
 FROM pg_catalog.pg_stat_replication s ORDER BY 1;

-- standbys, from 10.23 on
SELECT s.pid, s.application_name, s.usename, s.client_addr, s.state, s.sync_state,
 s.sent_lsn, s.write_lsn, s.flush_lsn, s.replay_lsn, NULL,
 (SELECT r.slot_name FROM pg_catalog.pg_replication_slots r WHERE r.active_pid OPERATOR(pg_catalog.=) s.pid LIMIT 1),
 (SELECT r.slot_type FROM pg_catalog.pg_replication_slots r WHERE r.active_pid OPERATOR(pg_catalog.=) s.pid LIMIT 1)
 FROM pg_catalog.pg_stat_replication s ORDER BY 1;

-- standbys, from 12.22 on
SELECT s.pid, s.application_name, s.usename, s.client_addr, s.state, s.sync_state,
 s.sent_lsn, s.write_lsn, s.flush_lsn, s.replay_lsn, EXTRACT(epoch FROM s.reply_time),
 (SELECT r.slot_name FROM pg_catalog.pg_replication_slots r WHERE r.active_pid OPERATOR(pg_catalog.=) s.pid LIMIT 1),
 (SELECT r.slot_type FROM pg_catalog.pg_replication_slots r WHERE r.active_pid OPERATOR(pg_catalog.=) s.pid LIMIT 1)
 FROM pg_catalog.pg_stat_replication s ORDER BY 1;

-- slots, from 9.6.24 on
SELECT slot_name, active, false,
 coalesce(pg_catalog.pg_xlog_location_diff(CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_xlog_replay_location()
  ELSE pg_catalog.pg_current_xlog_location() END, restart_lsn), 0)::bigint
 FROM pg_catalog.pg_replication_slots WHERE slot_type OPERATOR(pg_catalog.=) 'physical' ORDER BY 1;

-- slots, from 10.23 on
SELECT slot_name, active, false,
 coalesce(pg_catalog.pg_wal_lsn_diff(CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
  ELSE pg_catalog.pg_current_wal_lsn() END, restart_lsn), 0)::bigint
 FROM pg_catalog.pg_replication_slots WHERE slot_type OPERATOR(pg_catalog.=) 'physical' ORDER BY 1;

-- slots, from 13.22 on
SELECT slot_name, active, coalesce(wal_status OPERATOR(pg_catalog.=) 'lost', false),
 coalesce(pg_catalog.pg_wal_lsn_diff(CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
  ELSE pg_catalog.pg_current_wal_lsn() END, restart_lsn), 0)::bigint
 FROM pg_catalog.pg_replication_slots WHERE slot_type OPERATOR(pg_catalog.=) 'physical' ORDER BY 1;

-- slots, from 17.6 on
SELECT slot_name, active, coalesce(wal_status OPERATOR(pg_catalog.=) 'lost', false) OR invalidation_reason IS NOT NULL,
 coalesce(pg_catalog.pg_wal_lsn_diff(CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
  ELSE pg_catalog.pg_current_wal_lsn() END, restart_lsn), 0)::bigint
 FROM pg_catalog.pg_replication_slots WHERE slot_type OPERATOR(pg_catalog.=) 'physical' ORDER BY 1;


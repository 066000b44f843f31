-- tables, transactions with a journal, indexes, joins, recursion, windows, text functions, triggers, an error at the end
create table part(id integer primary key, name text, weight real, parent int);
create index part_name on part(name);
begin;
with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000)
insert into part select i, printf('part%05d', (i * 7919) % 2003), (i * 37 % 101) / 7.0, i / 10 from n;
commit;
select count(*), sum(id), round(avg(weight), 6), min(name), max(name) from part;
select a.name, count(*) as children from part a join part b on b.parent = a.id group by a.id order by a.name limit 5;
begin; delete from part where id % 3 = 0; select count(*) from part; rollback;
select count(*) from part;
create table log(what text);
create trigger gone after delete on part begin insert into log values('gone ' || old.name); end;
delete from part where id in (5, 6, 7);
select * from log order by what;
select id, weight, rank() over (order by weight desc, id) as place from part order by place limit 4;
select upper(substr(name, 2, 3)) as x, hex(name) as h, length(name) as l, name like '%99%' as k from part where name like '%199%' order by id limit 3;
with recursive f(a, b) as (select 0, 1 union all select b, a + b from f where b < 1000) select group_concat(a) as fibonacci from f;
vacuum;
pragma integrity_check;
select count(*) from part a, part b where a.id < 40 and b.weight > a.weight;
pragma page_count;
select * from missing;

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 8259A pair: initialization, masks, priorities, EOIs, modes, cascade, spurious interrupts. */
#include "emu/device_pic.h"
#include "tests/test.h"

static struct pic pic;

static void init_words(uint8_t icw4)
{
	static const uint8_t base[2] = {0x20, 0x28}, cascade[2] = {4, 2};

	pic_reset(&pic);
	for (unsigned i = 0; i < 2; i++) {
		uint16_t port = i ? 0xa0 : 0x20;
		pic_out(&pic, port, 0x11);
		pic_out(&pic, port + 1, base[i]);
		pic_out(&pic, port + 1, cascade[i]);
		pic_out(&pic, port + 1, icw4);
	}
}

static void setup(void)
{
	init_words(0x01);
}

static void edge(unsigned irq)
{
	pic_set_line(&pic, irq, false);
	pic_set_line(&pic, irq, true);
}

static uint8_t isr(unsigned chip)
{
	pic_out(&pic, chip ? 0xa0 : 0x20, 0x0b);
	return pic_in(&pic, chip ? 0xa0 : 0x20);
}

static uint8_t irr(unsigned chip)
{
	pic_out(&pic, chip ? 0xa0 : 0x20, 0x0a);
	return pic_in(&pic, chip ? 0xa0 : 0x20);
}

START_TEST(nothing_comes_before_initialization)
{
	pic_reset(&pic);
	for (unsigned i = 0; i < 16; i++)
		if (i != 2)
			edge(i);
	ck_assert(!pic_pending(&pic));
}
END_TEST

START_TEST(each_line_has_its_vector)
{
	for (unsigned i = 0; i < 16; i++) {
		if (i == 2)
			continue;
		setup();
		edge(i);
		ck_assert_msg(pic_pending(&pic) && irr(i / 8) == 1 << i % 8, "line %u", i);
		ck_assert_msg(pic_acknowledge(&pic) == 0x20 + i && isr(i / 8) == 1 << i % 8, "line %u", i);
		ck_assert_msg(isr(0) == (i < 8 ? 1 << i : 4) && !pic_pending(&pic) && irr(0) == 0 && irr(1) == 0, "line %u", i);
	}
}
END_TEST

START_TEST(masked_lines_wait)
{
	pic_out(&pic, 0x21, 0xff);
	edge(3);
	ck_assert(!pic_pending(&pic) && !pic_sensitive(&pic, 3));
	pic_out(&pic, 0x21, 0xf7);
	ck_assert_uint_eq(pic_in(&pic, 0x21), 0xf7);
	ck_assert(pic_pending(&pic));
	ck_assert_uint_eq(pic_acknowledge(&pic), 0x23);
	pic_out(&pic, 0x21, 0x04); /* the cascade masks the whole slave */
	edge(9);
	ck_assert(!pic_pending(&pic) && !pic_sensitive(&pic, 10));
}
END_TEST

START_TEST(higher_priority_interrupts_lower_but_not_the_reverse)
{
	edge(5);
	ck_assert_uint_eq(pic_acknowledge(&pic), 0x25);
	edge(6);
	ck_assert(!pic_pending(&pic));
	edge(5);
	ck_assert(!pic_pending(&pic));
	edge(8); /* at the cascade's priority, 2 */
	ck_assert(pic_pending(&pic));
	ck_assert_uint_eq(pic_acknowledge(&pic), 0x28);
	edge(1);
	ck_assert_uint_eq(pic_acknowledge(&pic), 0x21);
	pic_out(&pic, 0x20, 0x20); /* ends 1 */
	ck_assert(!pic_pending(&pic));
	pic_out(&pic, 0xa0, 0x20);
	pic_out(&pic, 0x20, 0x20); /* ends the cascade */
	ck_assert(!pic_pending(&pic));
	pic_out(&pic, 0x20, 0x20); /* ends 5 */
	ck_assert_uint_eq(pic_acknowledge(&pic), 0x25);
	pic_out(&pic, 0x20, 0x65); /* specific end of 5 */
	ck_assert_uint_eq(pic_acknowledge(&pic), 0x26);
}
END_TEST

START_TEST(slave_does_not_interrupt_itself_unless_specially_nested)
{
	for (unsigned special = 0; special < 2; special++) {
		init_words(special ? 0x11 : 0x01);
		edge(12);
		ck_assert_uint_eq(pic_acknowledge(&pic), 0x2c);
		edge(9);
		ck_assert_int_eq(pic_pending(&pic), special);
	}
	ck_assert_uint_eq(pic_acknowledge(&pic), 0x29);
}
END_TEST

START_TEST(automatic_eoi_leaves_nothing_in_service)
{
	init_words(0x03);
	edge(4);
	ck_assert_uint_eq(pic_acknowledge(&pic), 0x24);
	ck_assert_uint_eq(isr(0), 0);
	pic_out(&pic, 0x20, 0x80); /* rotate on automatic EOI */
	edge(4);
	pic_acknowledge(&pic); /* 4 is lowest now, 5 highest */
	edge(4);
	edge(5);
	ck_assert_uint_eq(pic_acknowledge(&pic), 0x25);
	ck_assert_uint_eq(pic_acknowledge(&pic), 0x24);
}
END_TEST

START_TEST(rotation_makes_the_ended_line_lowest)
{
	static const struct {
		uint8_t ocw2;
		uint8_t order[3]; /* of lines 0, 3, 7 after line 3 was served */
	} row[] = {{0x20, {0, 3, 7}}, {0xa0, {7, 0, 3}}, {0xe3, {7, 0, 3}}, {0xe7, {0, 3, 7}}, {0x63, {0, 3, 7}}};

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		setup();
		edge(3);
		pic_acknowledge(&pic);
		pic_out(&pic, 0x20, row[i].ocw2);
		pic_out(&pic, 0x20, 0x63);
		edge(0);
		edge(3);
		edge(7);
		for (unsigned n = 0; n < 3; n++) {
			uint8_t vector = pic_acknowledge(&pic);
			ck_assert_msg(vector == 0x20 + row[i].order[n], "row %zu place %u: %#x", i, n, vector);
			pic_out(&pic, 0x20, (uint8_t)(0x60 | (vector & 7)));
		}
	}
	setup();
	pic_out(&pic, 0x20, 0xc5); /* set priority: 5 lowest, 6 highest */
	edge(0);
	edge(6);
	ck_assert_uint_eq(pic_acknowledge(&pic), 0x26);
}
END_TEST

START_TEST(special_mask_lets_lower_lines_through)
{
	edge(3);
	pic_acknowledge(&pic);
	edge(6);
	ck_assert(!pic_pending(&pic));
	pic_out(&pic, 0x21, 0x08);
	ck_assert(!pic_pending(&pic));
	pic_out(&pic, 0x20, 0x68);
	ck_assert(pic_pending(&pic));
	ck_assert_uint_eq(pic_acknowledge(&pic), 0x26);
	pic_out(&pic, 0x20, 0x20); /* not the masked 3, but 6 */
	ck_assert_uint_eq(isr(0), 0x08);
	pic_out(&pic, 0x20, 0x48);
	edge(6);
	ck_assert(!pic_pending(&pic));
}
END_TEST

START_TEST(acknowledge_without_request_is_spurious)
{
	ck_assert_uint_eq(pic_acknowledge(&pic), 0x27);
	ck_assert_uint_eq(isr(0), 0);
	pic_elcr_out(&pic, 0x4d1, 0xff);
	ck_assert_uint_eq(pic_elcr_in(&pic, 0x4d1), 0xde);
	pic_set_line(&pic, 10, true);
	pic_set_line(&pic, 10, false);
	ck_assert(!pic_pending(&pic)); /* a level that went away */
}
END_TEST

START_TEST(level_triggered_line_requests_again_until_it_falls)
{
	pic_elcr_out(&pic, 0x4d0, 0xff);
	ck_assert_uint_eq(pic_elcr_in(&pic, 0x4d0), 0xf8);
	pic_set_line(&pic, 5, true);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_uint_eq(pic_acknowledge(&pic), 0x25);
		ck_assert(!pic_pending(&pic));
		pic_out(&pic, 0x20, 0x20);
	}
	pic_set_line(&pic, 5, false);
	ck_assert(!pic_pending(&pic));
	pic_elcr_out(&pic, 0x4d0, 0x20);
	edge(4);
	pic_set_line(&pic, 4, true); /* an edge-triggered line that stays high requests once */
	pic_acknowledge(&pic);
	pic_out(&pic, 0x20, 0x20);
	pic_set_line(&pic, 4, true);
	ck_assert_int_eq(pic_pending(&pic), false);
}
END_TEST

START_TEST(poll_acknowledges_and_names_the_line)
{
	pic_out(&pic, 0x20, 0x0c);
	ck_assert_uint_eq(pic_in(&pic, 0x20), 0);
	edge(6);
	edge(1);
	pic_out(&pic, 0x20, 0x0c);
	ck_assert_uint_eq(pic_in(&pic, 0x20), 0x81);
	ck_assert_uint_eq(isr(0), 0x02);
	edge(11);
	pic_out(&pic, 0xa0, 0x0c);
	ck_assert_uint_eq(pic_in(&pic, 0xa0), 0x83);
}
END_TEST

START_TEST(initialization_forgets_requests_masks_and_service)
{
	edge(3);
	pic_acknowledge(&pic);
	edge(1);
	pic_out(&pic, 0x21, 0x55);
	pic_out(&pic, 0x20, 0x13); /* single, with ICW4: ICW3 is left out */
	pic_out(&pic, 0x21, 0x47);
	pic_out(&pic, 0x21, 0x01);
	ck_assert_uint_eq(pic_in(&pic, 0x21), 0);
	ck_assert(isr(0) == 0 && irr(0) == 0);
	edge(1);
	ck_assert_uint_eq(pic_acknowledge(&pic), 0x41);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("pic");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, nothing_comes_before_initialization);
	tcase_add_test(tc, each_line_has_its_vector);
	tcase_add_test(tc, masked_lines_wait);
	tcase_add_test(tc, higher_priority_interrupts_lower_but_not_the_reverse);
	tcase_add_test(tc, slave_does_not_interrupt_itself_unless_specially_nested);
	tcase_add_test(tc, automatic_eoi_leaves_nothing_in_service);
	tcase_add_test(tc, rotation_makes_the_ended_line_lowest);
	tcase_add_test(tc, special_mask_lets_lower_lines_through);
	tcase_add_test(tc, acknowledge_without_request_is_spurious);
	tcase_add_test(tc, level_triggered_line_requests_again_until_it_falls);
	tcase_add_test(tc, poll_acknowledges_and_names_the_line);
	tcase_add_test(tc, initialization_forgets_requests_masks_and_service);
	suite_add_tcase(suite, tc);
}
TEST_MAIN("pic", add_cases)

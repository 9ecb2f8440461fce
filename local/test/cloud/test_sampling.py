import unittest

from cloud.sampling import Sampler


class SamplerTest(unittest.TestCase):
    def setUp(self):
        self.now = 1000.0
        self.chance = 1.0
        self.sampler = Sampler(clock=lambda: self.now, chance=lambda: self.chance)

    def test_takes_one_request_of_each_second(self):
        self.assertEqual([self.sampler.decide("f") for _ in range(3)], [True, False, False])
        self.now += 1
        self.assertEqual([self.sampler.decide("f") for _ in range(2)], [True, False])

    def test_takes_five_percent_of_the_others(self):
        self.sampler.decide("f")
        self.chance = 0.049
        self.assertTrue(self.sampler.decide("f"))
        self.chance = 0.05
        self.assertFalse(self.sampler.decide("f"))

    def test_counts_for_each_function_by_itself(self):
        self.assertTrue(self.sampler.decide("f"))
        self.assertTrue(self.sampler.decide("g"))


if __name__ == "__main__":
    unittest.main()
